/** Reads a JSON list of cells from standard input and writes what the grammar makes of each; for a test in Python. */
import { readFileSync } from 'node:fs';
import { DeclarationError, parseDeclaration } from '../src/grammar/declaration.ts';

interface Cell {
  source: string;
  metadata: Record<string, unknown>;
}

const cells = JSON.parse(readFileSync(0, 'utf8')) as Cell[];
const made = cells.map(cell => {
  try {
    return parseDeclaration(cell.source, cell.metadata);
  } catch (error) {
    if (error instanceof DeclarationError) {
      return { error: error.message, remedy: error.remedy };
    }
    throw error;
  }
});
process.stdout.write(JSON.stringify(made));
