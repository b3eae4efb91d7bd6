import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { SidePanel } from '@jupyterlab/ui-components';
import { pressIcon } from './icons.ts';

const plugin: JupyterFrontEndPlugin<void> = {
  id: '@pressrun/labextension:plugin',
  description: 'The panel beside the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (app: JupyterFrontEnd, _tracker: INotebookTracker) => {
    const panel = new SidePanel();
    panel.id = 'pressrun-panel';
    panel.title.icon = pressIcon;
    app.shell.add(panel, 'left', { rank: 350, type: 'Pipeline' });
  }
};
export default plugin;
