/** Where a cell's declarations stand, and which of its lines begin outside strings, brackets and continued lines. */

const MAGIC = /^[ \t]*(%%?)register(?!\S)([^]*)$/;
const COMMENT = /^[ \t]*#[ \t]*%register(?!\S)([^]*)$/;
const COMMAND = /^[ \t]*%register[ \t]+(?:status|undo)(?:\s[^]*)?$/;
const TOKEN =
  /#[^\n]*|"{3}|'{3}|"|'|\\\r?\n|[()[\]{}\n]|=[ \t]*[%!]|[^#"'\\()[\]{}=\n]+|[^]/y;

export type SourceSpelling = 'cell-magic' | 'line-magic' | 'comment';

/** A line that is a declaration, as it is spelled, and the words behind it. */
export interface SpelledLine {
  spelling: SourceSpelling;
  words: string;
}

/** Read one line as a declaration; null when it is none. */
export function spelledLine(line: string): SpelledLine | null {
  const magic = MAGIC.exec(line);
  if (magic) {
    return { spelling: magic[1] === '%%' ? 'cell-magic' : 'line-magic', words: magic[2] ?? '' };
  }
  const comment = COMMENT.exec(line);
  return comment ? { spelling: 'comment', words: comment[1] ?? '' } : null;
}

/** Whether a line asks the kernel something (`%register status`) and declares nothing. */
export function isCommand(line: string): boolean {
  return COMMAND.test(line);
}

/** Positions of the declarations at the top: the first line that is not blank, and those right below it. */
export function declarationLines(lines: ReadonlyArray<string>): number[] {
  const found: number[] = [];
  for (const [number, line] of lines.entries()) {
    if (!line.trim() && found.length === 0) {
      continue;
    }
    if (spelledLine(line) === null || isCommand(line)) {
      break;
    }
    found.push(number);
  }
  return found;
}

/** 0-based numbers of the lines that begin a logical line of IPython's. */
export function logicalLineStarts(source: string): number[] {
  const starts: number[] = [];
  let position = 0;
  let line = 0;
  while (position < source.length) {
    starts.push(line);
    const end = logicalLineEnd(source, position);
    line += source.slice(position, end).split('\n').length - 1;
    position = end;
  }
  return starts;
}

function logicalLineEnd(text: string, start: number): number {
  const head = skipBlanks(text, start);
  if ('%!?,;/'.includes(text.charAt(head)) && head < text.length) {
    return commandEnd(text, head);
  }
  let depth = 0;
  TOKEN.lastIndex = start;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const found = match[0];
    if (found === '"' || found === "'" || found === '"""' || found === "'''") {
      TOKEN.lastIndex = stringEnd(text, TOKEN.lastIndex, found);
    } else if ('([{'.includes(found)) {
      depth += 1;
    } else if (')]}'.includes(found)) {
      depth = Math.max(0, depth - 1);
    } else if (found === '\n' && depth === 0) {
      return TOKEN.lastIndex;
    } else if (depth === 0 && /^=[ \t]*[%!]$/.test(found) && !isComparison(text, match.index)) {
      return commandEnd(text, TOKEN.lastIndex - 1);
    } else if (/^=[ \t]*[%!]$/.test(found)) {
      TOKEN.lastIndex = match.index + 1;
    }
    if (TOKEN.lastIndex >= text.length) {
      break;
    }
  }
  return text.length;
}

/** Whether the `=` at `position` ends an operator (`==`, `<=`, `+=`), which no magic follows. */
function isComparison(text: string, position: number): boolean {
  return position > 0 && '=!<>:+-*/%@&|^'.includes(text.charAt(position - 1));
}

function skipBlanks(text: string, start: number): number {
  let position = start;
  while (text.charAt(position) === ' ' || text.charAt(position) === '\t') {
    position += 1;
  }
  return position;
}

/** The end of a string that begins before `start`; one of one quote ends with its line, too. */
function stringEnd(text: string, start: number, quote: string): number {
  for (let position = start; position < text.length; position += 1) {
    if (text.charAt(position) === '\\') {
      position += 1;
    } else if (text.startsWith(quote, position)) {
      return position + quote.length;
    } else if (quote.length === 1 && text.charAt(position) === '\n') {
      return position;
    }
  }
  return text.length;
}

/** The end of a line that a backslash continues. */
function commandEnd(text: string, start: number): number {
  for (let position = start; ; ) {
    const newline = text.indexOf('\n', position);
    if (newline < 0) {
      return text.length;
    }
    if (text.charAt(newline - 1) !== '\\') {
      return newline + 1;
    }
    position = newline + 1;
  }
}
