/** Which known word a mistyped one is nearest to, as Python's `difflib.get_close_matches` and our KINDs tell it. */

/** Return ``did you mean 'x'?`` for the nearest of `known`, or an empty string when none is near. */
export function nearMatch(word: string, known: ReadonlyArray<string>): string {
  let best = '';
  let highest = 0.6;
  for (const other of known) {
    const ratio = similarity(other, word);
    if (ratio > highest || (ratio >= 0.6 && best === '')) {
      best = other;
      highest = ratio;
    }
  }
  return best ? `did you mean '${best}'?` : '';
}

function similarity(word: string, other: string): number {
  const letters = word.length + other.length;
  return letters === 0 ? 1 : (2 * matching(word, other)) / letters;
}

/** Letters in the longest common run and, recursively, left and right of it. */
function matching(word: string, other: string): number {
  let size = 0;
  let start = 0;
  let otherStart = 0;
  for (let i = 0; i < word.length; i += 1) {
    for (let j = 0; j < other.length; j += 1) {
      let run = 0;
      while (i + run < word.length && j + run < other.length && word[i + run] === other[j + run]) {
        run += 1;
      }
      if (run > size) {
        size = run;
        start = i;
        otherStart = j;
      }
    }
  }
  if (size === 0) {
    return 0;
  }
  const left = matching(word.slice(0, start), other.slice(0, otherStart));
  return size + left + matching(word.slice(start + size), other.slice(otherStart + size));
}

/** Letters added, left out, changed, or swapped with the next one: the optimal string alignment distance. */
export function edits(word: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= word.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = word[i - 1] === other[j - 1] ? 0 : 1;
      let best = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + changed);
      if (i > 1 && j > 1 && word[i - 1] === other[j - 2] && word[i - 2] === other[j - 1]) {
        best = Math.min(best, before[j - 2]! + 1);
      }
      row.push(best);
    }
    before = above;
    above = row;
  }
  return above[other.length]!;
}
