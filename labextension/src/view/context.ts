/** What every part of the panel is handed. */
import type { PanelModel } from '../model/panel.ts';
import type { Trans } from '../translated.ts';

/** Arguments of a command: JSON values. */
export type Args = Readonly<Record<string, string | number | boolean>>;

export interface ViewContext {
  model: PanelModel;
  trans: Trans;
  /** Language of dates and numbers, as the browser knows languages. */
  locale: string;
  /** Run the command `pressrun:<id>`. */
  run: (id: string, args?: Args) => void;
  /** Give the focus back to the notebook. */
  leave: () => void;
}
