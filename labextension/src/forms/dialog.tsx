/** A form in a dialog that stays until what was asked for is done, or the person gives up. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import { Fragment, h } from '../view/h.ts';
import { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { Failure } from '../view/parts.tsx';
import { Findings } from '../view/findings.tsx';
import { readField } from './fields.ts';
import type { Field } from './fields.ts';
import { Form, textsAtFirst } from './form.tsx';
import type { Texts } from './form.tsx';

export interface FormOptions {
  title: string;
  /** What stands above the fields. */
  intro?: React.ReactNode;
  fields: ReadonlyArray<Field>;
  accept: string;
  /** Whether it is hard to take back. */
  isWarning?: boolean;
}

/** Values that were given, by name; fields left at their default are not among them. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * Ask, and do with the answer what `submit` does; its refusal is shown above the fields, with what was typed kept.
 *
 * @returns what `submit` returned, null when the person gave up.
 */
export async function askAndDo<T>(
  options: FormOptions,
  submit: (given: Given) => Promise<T>,
  trans: Trans
): Promise<T | null> {
  let kept: Texts = {};
  let refused: RequestError | null = null;
  for (;;) {
    const body = new FormBody(options, kept, refused, trans);
    const button = { label: options.accept };
    const dialog = new Dialog<Texts>({
      title: options.title,
      body,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        options.isWarning ? Dialog.warnButton(button) : Dialog.okButton(button)
      ],
      focusNodeSelector: 'input:not([readonly]), select, textarea'
    });
    dialog.addClass('pr-Dialog');
    const result = await dialog.launch();
    if (!result.button.accept || result.value === null) {
      return null;
    }
    kept = result.value;
    try {
      return await submit(givenOf(options.fields, kept, trans));
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      refused = error;
    }
  }
}

/** The values of a form in which no field has a problem. */
export function givenOf(fields: ReadonlyArray<Field>, texts: Texts, trans: Trans): Given {
  const given: Record<string, unknown> = {};
  for (const one of fields) {
    const reading = readField(one, texts[one.name] ?? '', trans);
    if ('problem' in reading) {
      throw new RequestError(400, reading.problem, one.name);
    }
    if (reading.given) {
      given[one.name] = reading.value;
    }
  }
  return given;
}

class FormBody extends ReactWidget implements Dialog.IBodyWidget<Texts> {
  constructor(options: FormOptions, kept: Texts, refused: RequestError | null, trans: Trans) {
    super();
    this.addClass('pr-FormBody');
    this.#options = options;
    this.#refused = refused;
    this.#trans = trans;
    this.#texts = textsAtFirst(options.fields, kept);
  }

  getValue(): Texts {
    return this.#texts;
  }

  protected override render(): React.JSX.Element {
    return (
      <Filled
        options={this.#options}
        texts={this.#texts}
        refused={this.#refused}
        trans={this.#trans}
        onTexts={texts => {
          this.#texts = texts;
        }}
        // The dialog looks for invalid fields on `input`, before React has drawn them as such: once more, afterwards.
        onDrawn={() => this.node.dispatchEvent(new Event('input', { bubbles: true }))}
      />
    );
  }

  readonly #options: FormOptions;
  readonly #refused: RequestError | null;
  readonly #trans: Trans;
  #texts: Texts;
}

function Filled(props: {
  options: FormOptions;
  texts: Texts;
  refused: RequestError | null;
  trans: Trans;
  onTexts: (texts: Texts) => void;
  onDrawn: () => void;
}): React.JSX.Element {
  const [texts, setTexts] = React.useState(props.texts);
  React.useEffect(() => {
    props.onDrawn();
  }, [texts]);
  return (
    <>
      {props.refused === null ? null : (
        <>
          <Failure error={props.refused} trans={props.trans} />
          <Findings findings={props.refused.findings} trans={props.trans} />
        </>
      )}
      {props.options.intro}
      <Form
        fields={props.options.fields}
        texts={texts}
        trans={props.trans}
        onChange={(name, text) => {
          const next = { ...texts, [name]: text };
          setTexts(next);
          props.onTexts(next);
        }}
      />
    </>
  );
}
