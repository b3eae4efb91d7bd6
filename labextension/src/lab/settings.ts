/** The settings of the panel: `schema/plugin.json` says what each does. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { SPELLINGS } from '../grammar/write.ts';
import type { WrittenAs } from '../grammar/write.ts';

export class Settings {
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** How the panel writes a registration. */
  get spelling(): WrittenAs {
    const value = this.#get('spelling');
    return SPELLINGS.find(spelling => spelling === value) ?? 'metadata';
  }

  get side(): 'left' | 'right' {
    return this.#get('side') === 'right' ? 'right' : 'left';
  }

  get hasCellLabels(): boolean {
    return this.#get('cellLabels') !== false;
  }

  get savesWithoutAsking(): boolean {
    return this.#get('saveWithoutAsking') === true;
  }

  get sandbox(): boolean {
    return this.#get('sandbox') === true;
  }

  get notifies(): boolean {
    return this.#get('notifications') !== false;
  }

  /** Follow what the registry holds from now on. */
  follow(settings: ISettingRegistry.ISettings): void {
    const take = (): void => {
      this.#values = settings.composite;
      this.#changed.emit();
    };
    settings.changed.connect(take);
    take();
  }

  #get(name: string): unknown {
    return this.#values[name];
  }

  readonly #changed = new Signal<this, void>(this);
  #values: Readonly<Record<string, unknown>> = {};
}
