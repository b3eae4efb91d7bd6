/** Names by which the parts of this extension, and other extensions, find each other. */
import { Token } from '@lumino/coreutils';
import type { PanelModel } from './model/panel.ts';

export const PLUGIN_ID = '@pressrun/labextension:plugin';
export const COMMANDS = 'pressrun';

/** The model of the panel: which notebook is current, how it stands. */
export type IPanelModel = PanelModel;
export const IPanelModel = new Token<IPanelModel>(
  '@pressrun/labextension:IPanelModel',
  'The model of the panel beside the notebook.'
);
