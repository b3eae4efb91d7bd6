/** What the commands work with, and how one is added. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ITranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Notebooks } from '../lab/notebooks.ts';
import type { MainViews } from '../lab/mainviews.ts';
import { showRequestError } from '../lab/errors.tsx';
import type { Settings } from '../lab/settings.ts';
import type { PanelModel } from '../model/panel.ts';
import type { Client } from '../server/client.ts';
import { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { COMMANDS } from '../tokens.ts';

export interface Deps {
  app: JupyterFrontEnd;
  translator: ITranslator;
  trans: Trans;
  locale: string;
  model: PanelModel;
  client: Client;
  notebooks: Notebooks;
  settings: Settings;
  views: MainViews;
  /** Folder that the file browser shows, empty for the root. */
  folder: () => string;
  /** Paths that are selected in the file browser. */
  selected: () => ReadonlyArray<string>;
  /** Jobs that were begun here, so that their end is told. */
  begun: Set<string>;
}

export type CommandArgs = ReadonlyPartialJSONObject;

interface CommandSpec {
  label: string;
  caption?: string;
  /** Names of the arguments -> what they mean; all are optional texts or numbers. */
  args?: Readonly<Record<string, { type: 'string' | 'number'; description: string }>>;
  /** Why it cannot be run now, empty when it can. */
  whyNot?: () => string;
  execute: (args: CommandArgs) => Promise<unknown> | void;
}

/** Add `pressrun:<id>`; an error that the server tells is shown, anything else goes on to JupyterLab. */
export function addCommand(deps: Deps, id: string, spec: CommandSpec): void {
  const whyNot = spec.whyNot;
  deps.app.commands.addCommand(`${COMMANDS}:${id}`, {
    label: spec.label,
    caption: () => whyNot?.() || spec.caption || '',
    describedBy: { args: { type: 'object', properties: { ...spec.args }, additionalProperties: true } },
    isEnabled: () => whyNot === undefined || whyNot() === '',
    execute: async args => {
      try {
        return await spec.execute(args);
      } catch (error) {
        if (!(error instanceof RequestError)) {
          throw error;
        }
        await showRequestError(spec.label, error, deps.trans);
        return undefined;
      }
    }
  });
}

/** An argument as text, empty when it is not given. */
export function textOf(args: CommandArgs, name: string): string {
  const value = args[name];
  return typeof value === 'string' ? value : '';
}

/** The path that a command is about: the argument, else the current notebook's. */
export function pathOf(deps: Deps, args: CommandArgs): string {
  return textOf(args, 'path') || (deps.notebooks.current?.path ?? '');
}

/** Show a notebook: the one that is open, else it is opened. Notebook 7 would open a second tab for the same one. */
export async function showNotebook(deps: Deps, path: string): Promise<NotebookPanel | null> {
  const known = deps.notebooks.at(path);
  if (known !== null) {
    deps.app.shell.activateById(known.panel.id);
  } else {
    await deps.app.commands.execute('docmanager:open', { path });
  }
  const panel = deps.notebooks.at(path)?.panel ?? null;
  await panel?.context.ready;
  return panel;
}

/** Why a command about the current notebook cannot be run. */
export function needsNotebook(deps: Deps): () => string {
  return () => (deps.notebooks.current === null ? deps.trans.__('Open a notebook first.') : '');
}
