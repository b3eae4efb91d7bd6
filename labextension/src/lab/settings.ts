/** The settings of the panel: `schema/plugin.json` says what each does. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { SPELLINGS } from '../grammar/write.ts';
import type { WrittenAs } from '../grammar/write.ts';

export class Settings {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How the panel writes a registration. */
  get spelling(): WrittenAs {
    const value = this._get('spelling');
    return SPELLINGS.find(spelling => spelling === value) ?? 'metadata';
  }

  get side(): 'left' | 'right' {
    return this._get('side') === 'right' ? 'right' : 'left';
  }

  get hasCellLabels(): boolean {
    return this._get('cellLabels') !== false;
  }

  get savesWithoutAsking(): boolean {
    return this._get('saveWithoutAsking') === true;
  }

  get sandbox(): boolean {
    return this._get('sandbox') === true;
  }

  get notifies(): boolean {
    return this._get('notifications') !== false;
  }

  /** Follow what the registry holds from now on. */
  follow(settings: ISettingRegistry.ISettings): void {
    const take = (): void => {
      this._values = settings.composite;
      this._changed.emit();
    };
    settings.changed.connect(take);
    take();
  }

  private _get(name: string): unknown {
    return this._values[name];
  }

  private readonly _changed = new Signal<this, void>(this);
  private _values: Readonly<Record<string, unknown>> = {};
}
