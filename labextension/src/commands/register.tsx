/** Registering a cell: what it is, how that is written, and taking it out again. */
import type { Cell } from '@jupyterlab/cells';
import * as React from 'react';
import { h } from '../view/h.ts';
import { askAndDo } from '../forms/dialog.tsx';
import type { Given } from '../forms/dialog.tsx';
import { field } from '../forms/fields.ts';
import type { Field } from '../forms/fields.ts';
import { DeclarationError, KINDS, NAMED_KINDS, parseDeclaration, parseWords, renderDeclaration } from '../grammar/declaration.ts';
import type { Declaration, Kind } from '../grammar/declaration.ts';
import { SPELLINGS, withDeclaration, writtenAs } from '../grammar/write.ts';
import type { CellText, WrittenAs } from '../grammar/write.ts';
import { editCell } from '../lab/editcell.ts';
import { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { addCommand, needsNotebook, textOf } from './deps.ts';
import type { Deps } from './deps.ts';

export function addRegisterCommands(deps: Deps): void {
  const { trans } = deps;
  const whyNot = needsNotebook(deps);
  const cellId = { type: 'string' as const, description: trans.__('Id of the cell; the selected one where it is left out.') };
  addCommand(deps, 'register-cell', {
    label: trans.__('Register the selected cell…'),
    args: {
      cellId,
      declaration: { type: 'string', description: trans.__('KIND [NAME] [--option value]; asked for where it is left out.') }
    },
    whyNot,
    execute: args => registerCell(deps, textOf(args, 'cellId'), textOf(args, 'declaration'))
  });
  addCommand(deps, 'unregister-cell', {
    label: trans.__('Take out the registration of the selected cell'),
    args: { cellId },
    whyNot,
    execute: args => {
      const cell = cellOf(deps, textOf(args, 'cellId'));
      editCell(cell, withDeclaration(textOfCell(cell), null, 'metadata'));
    }
  });
}

async function registerCell(deps: Deps, cellId: string, words: string): Promise<void> {
  const { trans, settings } = deps;
  const cell = cellOf(deps, cellId);
  if (cell.model.type !== 'code') {
    const remedy = trans.__('Select a code cell.');
    throw new RequestError(409, trans.__('only code cells are registered'), '', remedy);
  }
  const before = declared(textOfCell(cell));
  const spelling = before === null ? settings.spelling : writtenAs(before);
  const write = (declaration: Declaration, written: WrittenAs): void => {
    editCell(cell, withDeclaration(textOfCell(cell), declaration, written));
  };
  if (words) {
    write(parsed(words), spelling);
    return;
  }
  await askAndDo(
    {
      title: trans.__('Register this cell'),
      intro: <Intro trans={trans} />,
      fields: registrationFields(before, spelling, trans),
      accept: trans.__('Register')
    },
    async given => {
      write(declarationOf(given, trans), asSpelling(given['spelling']));
    },
    trans
  );
}

function registrationFields(before: Declaration | null, spelling: WrittenAs, trans: Trans): Field[] {
  const meanings: Record<Kind, string> = {
    parameters: trans.__('its names may be given from outside'),
    step: trans.__('it belongs to the step of this name'),
    data: trans.__('it reads the data of this name'),
    features: trans.__('it makes the features of this name'),
    model: trans.__('after it, a variable is the trained model of this name'),
    metrics: trans.__("its numbers are the run's metrics"),
    check: trans.__('its assertions must hold at every replay'),
    report: trans.__('it only shows results'),
    skip: trans.__('exploration, left out of replays')
  };
  const choices = KINDS.map(kind => ({ text: `${kind}: ${meanings[kind]}`, value: kind }));
  const kindText = choices.find(choice => choice.value === (before?.kind ?? 'step'))?.text ?? '';
  const options = Object.entries(before?.options ?? {}).map(([option, value]) => `--${option} ${value}`).join(' ');
  return [
    field('kind', trans.__('What it is'), 'choice', { choices, initial: kindText }),
    field('name', trans.__('Name'), 'text', {
      initial: before?.name ?? '',
      help: trans.__('Needed for %1. Letters, digits, _ . and -, first a letter.', NAMED_KINDS.join(', '))
    }),
    field('options', trans.__('Options'), 'text', {
      initial: options,
      placeholder: '--object model --predict predict',
      help: trans.__('features: --entity COLUMN --time COLUMN; model: --object VAR --predict FUNCTION --sample VAR.')
    }),
    field('spelling', trans.__('Written as'), 'choice', {
      choices: SPELLINGS.map(one => ({ text: one, value: one })),
      initial: spelling
    })
  ];
}

function Intro(props: { trans: Trans }): React.JSX.Element {
  return <p>{props.trans.__('Saying what a cell is changes nothing in how it runs. It can be undone.')}</p>;
}

function declarationOf(given: Given, trans: Trans): Declaration {
  const kind = String(given['kind'] ?? 'step');
  const name = String(given['name'] ?? '').trim();
  if (!name && NAMED_KINDS.some(named => named === kind)) {
    throw new RequestError(400, trans.__('%1 needs a name', kind), trans.__('Name'));
  }
  const named = NAMED_KINDS.some(one => one === kind) ? renderDeclaration({ kind: kind as Kind, name, options: {} }) : kind;
  return parsed(`${named} ${String(given['options'] ?? '')}`);
}

function parsed(words: string): Declaration {
  try {
    return parseWords(words, 'metadata');
  } catch (error) {
    if (error instanceof DeclarationError) {
      throw new RequestError(400, error.message, '', error.remedy);
    }
    throw error;
  }
}

function declared(cell: CellText): Declaration | null {
  try {
    return parseDeclaration(cell.source, cell.metadata);
  } catch (error) {
    if (error instanceof DeclarationError) {
      return null; // What is wrong is replaced by what is asked for now.
    }
    throw error;
  }
}

function asSpelling(value: unknown): WrittenAs {
  return SPELLINGS.find(spelling => spelling === value) ?? 'metadata';
}

function textOfCell(cell: Cell): CellText {
  const shared = cell.model.sharedModel;
  return { source: shared.getSource(), metadata: shared.getMetadata() };
}

function cellOf(deps: Deps, id: string): Cell {
  const content = deps.notebooks.current?.panel.content;
  const cell = id ? content?.widgets.find(one => one.model.id === id) : content?.activeCell;
  if (!cell) {
    throw new RequestError(404, deps.trans.__('there is no such cell'), '', deps.trans.__('Select a cell.'));
  }
  return cell;
}
