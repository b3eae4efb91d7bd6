/** Words as a POSIX shell splits them: Python's `shlex.split(text)`, and `shlex.join`. */

/** Split; throws an Error whose message is that of Python's. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let position = 0;
  while (position < text.length) {
    const letter = text.charAt(position);
    position += 1;
    if (' \t\r\n'.includes(letter)) {
      if (word !== null) {
        words.push(word);
        word = null;
      }
    } else if (letter === "'") {
      const end = text.indexOf("'", position);
      if (end < 0) {
        throw new Error('No closing quotation');
      }
      word = (word ?? '') + text.slice(position, end);
      position = end + 1;
    } else if (letter === '"') {
      const quoted = doubleQuoted(text, position);
      word = (word ?? '') + quoted.text;
      position = quoted.end;
    } else if (letter === '\\') {
      if (position >= text.length) {
        throw new Error('No escaped character');
      }
      word = (word ?? '') + text.charAt(position);
      position += 1;
    } else {
      word = (word ?? '') + letter;
    }
  }
  return word === null ? words : [...words, word];
}

function doubleQuoted(text: string, start: number): { text: string; end: number } {
  let found = '';
  for (let position = start; position < text.length; position += 1) {
    const letter = text.charAt(position);
    if (letter === '"') {
      return { text: found, end: position + 1 };
    }
    if (letter !== '\\') {
      found += letter;
      continue;
    }
    position += 1;
    if (position >= text.length) {
      throw new Error('No escaped character');
    }
    const escaped = text.charAt(position);
    found += escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  }
  throw new Error('No closing quotation');
}

/** Join words so that `splitWords` gives them back. */
export function joinWords(words: ReadonlyArray<string>): string {
  return words
    .map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`))
    .join(' ');
}
