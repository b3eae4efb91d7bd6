/** The plugins; this module only wires. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { focusNotebook, goToCell, indexOfCell } from './lab/jump.ts';
import { JupyterNotebook } from './lab/opennotebook.ts';
import { makeSend } from './lab/send.ts';
import { PipelinePanel } from './lab/sidepanel.tsx';
import { PanelModel } from './model/panel.ts';
import { Client } from './server/client.ts';
import { IPanelModel } from './tokens.ts';

const plugin: JupyterFrontEndPlugin<IPanelModel> = {
  id: '@pressrun/labextension:plugin',
  description: 'The panel beside the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ILayoutRestorer],
  provides: IPanelModel,
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, translator: ITranslator | null, restorer: ILayoutRestorer | null) => {
    const trans = (translator ?? nullTranslator).load('pressrun');
    const send = makeSend(app.serviceManager.serverSettings, trans);
    const model = new PanelModel({ client: new Client(send), trans, now: () => Date.now() });
    const open = new Map<NotebookPanel, JupyterNotebook>();
    tracker.currentChanged.connect((_, panel) => {
      if (panel === null) {
        model.setCurrent(null);
        return;
      }
      let notebook = open.get(panel);
      if (notebook === undefined) {
        notebook = new JupyterNotebook(panel, UUID.uuid4());
        open.set(panel, notebook);
        panel.disposed.connect(() => {
          const closed = open.get(panel);
          open.delete(panel);
          if (closed) model.forget(closed);
        });
      }
      model.setCurrent(notebook);
    });
    app.commands.addCommand('pressrun:go-to-cell', {
      label: 'x',
      execute: async args => {
        const panel = tracker.currentWidget;
        if (panel) await goToCell(panel, args['cellId'] ? indexOfCell(panel, String(args['cellId'])) : Number(args['index']), null);
      }
    });
    app.commands.addCommand('pressrun:refresh', { execute: () => model.refresh() });
    const panel = new PipelinePanel({
      model, trans, locale: navigator.language,
      run: (id, args) => void app.commands.execute(`pressrun:${id}`, args ?? {}),
      leave: () => focusNotebook(tracker.currentWidget)
    }, translator ?? nullTranslator);
    app.shell.add(panel, 'left', { rank: 350, type: 'Pipeline' });
    restorer?.add(panel, panel.id);
    return model;
  }
};
export default plugin;
