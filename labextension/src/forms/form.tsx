/** A form as React draws it: one labelled control a field, its help below, its problem when there is one. */
import * as React from 'react';
import { h } from '../view/h.ts';
import type { Trans } from '../translated.ts';
import { readField } from './fields.ts';
import type { Field } from './fields.ts';

/** What stands in each field, by name. */
export type Texts = Readonly<Record<string, string>>;

export function textsAtFirst(fields: ReadonlyArray<Field>, kept: Texts): Texts {
  return Object.fromEntries(fields.map(one => [one.name, kept[one.name] ?? one.initial]));
}

export function Form(props: {
  fields: ReadonlyArray<Field>;
  texts: Texts;
  trans: Trans;
  onChange: (name: string, text: string) => void;
}): React.JSX.Element {
  const [touched, setTouched] = React.useState<ReadonlySet<string>>(new Set());
  const touch = (name: string): void => setTouched(new Set([...touched, name]));
  return (
    <div className="pr-Form">
      {props.fields.map(one => (
        <FieldView
          key={one.name}
          field={one}
          text={props.texts[one.name] ?? ''}
          isTouched={touched.has(one.name)}
          trans={props.trans}
          onChange={text => {
            touch(one.name);
            props.onChange(one.name, text);
          }}
        />
      ))}
    </div>
  );
}

function FieldView(props: {
  field: Field;
  text: string;
  isTouched: boolean;
  trans: Trans;
  onChange: (text: string) => void;
}): React.JSX.Element {
  const { field, text, trans } = props;
  const reading = readField(field, text, trans);
  const problem = 'problem' in reading ? reading.problem : '';
  // What was not typed yet is no mistake, but it does keep the form from being sent.
  const shown = props.isTouched || text !== field.initial ? problem : '';
  const id = `pr-field-${field.name}`;
  const described = [field.help ? `${id}-help` : '', shown ? `${id}-problem` : ''].filter(Boolean).join(' ');
  const control = controlOf(field, text, props.onChange, {
    id,
    'aria-invalid': Boolean(shown),
    'aria-describedby': described || undefined,
    'aria-required': field.isRequired || undefined,
    className: `pr-Field-control ${problem ? 'jp-mod-error' : ''} ${shown ? 'pr-mod-problem' : ''}`
  });
  return (
    <div className={`pr-Field pr-mod-${field.kind}`}>
      <label htmlFor={id}>{field.label}</label>
      {control}
      {field.help ? (
        <p id={`${id}-help`} className="pr-Field-help">
          {field.help}
        </p>
      ) : null}
      {shown ? (
        <p id={`${id}-problem`} className="pr-Field-problem" role="alert">
          {shown}
        </p>
      ) : null}
    </div>
  );
}

interface Attributes {
  id: string;
  className: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
  'aria-required': true | undefined;
}

function controlOf(
  field: Field,
  text: string,
  onChange: (text: string) => void,
  attributes: Attributes
): React.JSX.Element {
  const changed = (event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>): void =>
    onChange(event.target.value);
  switch (field.kind) {
    case 'boolean':
      return (
        <input
          {...attributes}
          type="checkbox"
          checked={text === 'true'}
          onChange={event => onChange(event.target.checked ? 'true' : 'false')}
        />
      );
    case 'choice':
      return (
        <select {...attributes} value={text} onChange={changed}>
          {field.choices.some(choice => choice.text === text) ? null : <option value={text}>{field.placeholder}</option>}
          {field.choices.map(choice => (
            <option key={choice.text} value={choice.text}>
              {choice.text}
            </option>
          ))}
        </select>
      );
    case 'long':
    case 'json':
      return (
        <textarea
          {...attributes}
          rows={field.kind === 'long' ? 3 : 2}
          spellCheck={field.kind === 'long'}
          value={text}
          placeholder={field.placeholder}
          onChange={changed}
        />
      );
    case 'none':
      return <input {...attributes} type="text" value={text} placeholder={field.placeholder} readOnly />;
    default:
      return (
        <input
          {...attributes}
          type={field.kind === 'password' ? 'password' : field.kind === 'date' ? 'date' : 'text'}
          inputMode={field.kind === 'integer' ? 'numeric' : field.kind === 'number' ? 'decimal' : undefined}
          autoComplete={field.kind === 'password' ? 'current-password' : 'off'}
          value={text}
          placeholder={field.placeholder}
          onChange={changed}
        />
      );
  }
}
