/** The plugin; this module only wires. Only the notebooks are required, so that Notebook 7 has the panel, too. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addCaptureCommands } from './commands/capture.ts';
import { showNotebook } from './commands/deps.ts';
import type { Deps } from './commands/deps.ts';
import { addFileCommands } from './commands/files.tsx';
import { addJobCommands } from './commands/jobs.tsx';
import { addPanelCommands } from './commands/panel.tsx';
import { addRegisterCommands } from './commands/register.tsx';
import { addVersionCommands } from './commands/versions.tsx';
import { focusNotebook } from './lab/jump.ts';
import { MainViews } from './lab/mainviews.ts';
import { markCells } from './lab/marks.ts';
import { Notebooks } from './lab/notebooks.ts';
import { makeSend } from './lab/send.ts';
import { Settings } from './lab/settings.ts';
import { PipelinePanel } from './lab/sidepanel.tsx';
import { tellEnd } from './lab/toasts.ts';
import { JOB_EVENT, PanelModel } from './model/panel.ts';
import { Client } from './server/client.ts';
import { readChange } from './server/jobs.ts';
import { COMMANDS, IPanelModel, PLUGIN_ID } from './tokens.ts';

const RANK = 350;
const SECOND_MS = 1000;
/** Commands that stand in the palette: those that need no argument. */
const IN_PALETTE = [
  'show-panel', 'refresh', 'register-cell', 'unregister-cell', 'start-kernel', 'load-extension', 'run-all',
  'run-remaining', 'run-changed', 'undo-capture', 'replay', 'stop', 'compare', 'open-executed', 'go-to-failure',
  'copy-command', 'package', 'verify', 'register-version', 'request-approval', 'approve', 'reject', 'remind', 'withdraw',
  'deploy',
  'roll-back', 'history', 'doctor', 'open-example', 'how-to-fix'
];

function activate(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  translator: ITranslator | null,
  restorer: ILayoutRestorer | null,
  registry: ISettingRegistry | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  browser: IDefaultFileBrowser | null
): IPanelModel {
  const words = translator ?? nullTranslator;
  const trans = words.load('pressrun');
  const locale = localeOf((words as { languageCode?: string }).languageCode ?? 'default'); // JupyterLab 4.2 has none
  const client = new Client(makeSend(app.serviceManager.serverSettings, trans));
  const model = new PanelModel({ client, trans, now: () => Date.now() });
  const settings = new Settings();
  const notebooks = new Notebooks(tracker, model);
  const deps: Deps = {
    app,
    translator: words,
    trans,
    locale,
    model,
    client,
    notebooks,
    settings,
    views: new MainViews(app, trans),
    folder: () => browser?.model.path ?? '',
    selected: () => (browser === null ? [] : [...browser.selectedItems()].map(item => item.path)),
    begun: new Set()
  };
  const panel = new PipelinePanel(
    {
      model,
      trans,
      locale,
      run: (id, args) => {
        void app.commands.execute(`${COMMANDS}:${id}`, args ?? {});
      },
      leave: () => focusNotebook(tracker.currentWidget)
    },
    words
  );
  addCommands(deps, panel.id);
  for (const id of palette === null ? [] : IN_PALETTE) {
    palette?.addItem({ command: `${COMMANDS}:${id}`, category: trans.__('Pipeline') });
  }
  launcher?.add({ command: `${COMMANDS}:launch`, category: trans.__('Pipeline'), rank: 1 });
  notebooks.each((notebook, of) => markCells(notebook, of, settings, trans));
  listen(deps);
  app.shell.add(panel, settings.side, { rank: RANK, type: 'Pipeline' });
  restorer?.add(panel, panel.id);
  void followSettings(app, registry, settings, panel);
  return model;
}

function addCommands(deps: Deps, panelId: string): void {
  addPanelCommands(deps, panelId);
  addCaptureCommands(deps);
  addRegisterCommands(deps);
  addJobCommands(deps);
  addVersionCommands(deps);
  addFileCommands(deps);
}

/** Hear what the server tells of jobs, and let the clock go on while something moves. */
function listen(deps: Deps): void {
  const { app, model, trans, settings } = deps;
  app.serviceManager.events.stream.connect((_, emission) => {
    model.takeEmission(emission);
    const change = emission.schema_id === JOB_EVENT ? readChange(emission) : null;
    const job = change?.job;
    if (job === undefined || !deps.begun.has(job.id) || job.state === 'running' || job.state === 'waiting') {
      return;
    }
    deps.begun.delete(job.id);
    if (settings.notifies) {
      tellEnd(job, trans, () => {
        void showNotebook(deps, job.notebook).then(() => app.commands.execute(`${COMMANDS}:show-panel`));
      });
    }
  });
  window.setInterval(() => model.tick(), SECOND_MS);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && model.current?.isMoving === true) {
      void model.refresh();
    }
  });
}

async function followSettings(
  app: JupyterFrontEnd,
  registry: ISettingRegistry | null,
  settings: Settings,
  panel: PipelinePanel
): Promise<void> {
  if (registry === null) {
    return;
  }
  try {
    settings.follow(await registry.load(PLUGIN_ID));
  } catch (error) {
    // The panel works with its defaults; whoever looks for the cause finds it in the console.
    console.error('pressrun: the settings cannot be read', error);
    return;
  }
  let side: 'left' | 'right' = 'left';
  const move = (): void => {
    if (settings.side !== side) {
      side = settings.side;
      app.shell.add(panel, side, { rank: RANK, type: 'Pipeline' });
    }
  };
  settings.changed.connect(move);
  move();
}

/** The language of dates and numbers: the one that JupyterLab is set to, else the browser's. */
function localeOf(code: string): string {
  const tag = code.replace('_', '-');
  return tag === 'default' || Intl.DateTimeFormat.supportedLocalesOf([tag]).length === 0 ? navigator.language : tag;
}

const plugin: JupyterFrontEndPlugin<IPanelModel> = {
  id: PLUGIN_ID,
  description: 'The panel beside the notebook: what is captured, replayed, packaged, approved and live.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ILayoutRestorer, ISettingRegistry, ICommandPalette, ILauncher, IDefaultFileBrowser],
  provides: IPanelModel,
  activate
};
export { IPanelModel };
export default plugin;
