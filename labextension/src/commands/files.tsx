/** Commands about files: new notebooks from templates, and what the file browser's menu offers for a notebook. */
import { Fragment, h } from '../view/h.ts';
import { askAndDo } from '../forms/dialog.tsx';
import { field } from '../forms/fields.ts';
import { RequestError } from '../server/client.ts';
import { Checks, Inspection } from '../view/checks.tsx';
import { Loaded } from '../view/loaded.tsx';
import { COMMANDS } from '../tokens.ts';
import { addCommand, needsNotebook, pathOf, showNotebook, textOf } from './deps.ts';
import type { CommandArgs, Deps } from './deps.ts';

export function addFileCommands(deps: Deps): void {
  const { trans, app } = deps;
  addCommand(deps, 'open-example', {
    label: trans.__('New notebook from a template…'),
    args: {
      template: { type: 'string', description: trans.__('Id of the template; asked for where it is left out.') },
      folder: { type: 'string', description: trans.__('Folder of the new notebook.') }
    },
    execute: args => newFromTemplate(deps, args)
  });
  addCommand(deps, 'doctor', {
    label: trans.__('Check the notebook'),
    caption: trans.__('What would break a replay, and how to mend it'),
    whyNot: needsNotebook(deps),
    execute: args => showChecks(deps, pathOf(deps, args))
  });
  const onFile = (id: string, label: string, act: (path: string) => Promise<unknown> | void): void => {
    addCommand(deps, `${id}-file`, {
      label,
      args: { path: { type: 'string', description: trans.__('Path of the notebook; the selected file where it is left out.') } },
      execute: args => act(textOf(args, 'path') || (deps.selected()[0] ?? ''))
    });
  };
  onFile('inspect', trans.__('Inspect as a pipeline'), path => showInspection(deps, path));
  onFile('doctor', trans.__('Check for replaying'), path => showChecks(deps, path));
  onFile('replay', trans.__('Replay…'), path => app.commands.execute(`${COMMANDS}:replay`, { path }));
  onFile('package', trans.__('Package…'), path => app.commands.execute(`${COMMANDS}:package`, { path }));
  addCommand(deps, 'launch', { label: trans.__('Pipeline notebook'), execute: args => newFromTemplate(deps, args) });
}


async function newFromTemplate(deps: Deps, args: CommandArgs): Promise<void> {
  const { client, trans, app } = deps;
  const templates = await client.templates();
  const choices = templates.map(template => ({ text: template.title, value: template.id }));
  const first = choices[0];
  if (first === undefined) {
    throw new RequestError(404, trans.__('the server has no templates'), '');
  }
  const folder = textOf(args, 'folder') || textOf(args, 'cwd') || deps.folder();
  const given = textOf(args, 'template');
  const made = given
    ? await client.makeFromTemplate({ template: given, folder })
    : await askAndDo(
        {
          title: trans.__('New notebook from a template'),
          intro: (
            <dl className="pr-Facts">
              {templates.map(template => (
                <Fragment key={template.id}>
                  <dt>{template.title}</dt>
                  <dd>{template.description}</dd>
                </Fragment>
              ))}
            </dl>
          ),
          fields: [
            field('template', trans.__('Template'), 'choice', { choices, initial: first.text }),
            field('name', trans.__('File name'), 'text', { placeholder: 'Untitled.ipynb', help: trans.__("The template's own, where it is left empty.") })
          ],
          accept: trans.__('Make it')
        },
        asked =>
          client.makeFromTemplate({
            template: String(asked['template'] ?? first.value),
            folder,
            name: String(asked['name'] ?? '').trim()
          }),
        trans
      );
  if (made !== null) {
    await app.commands.execute('docmanager:open', { path: made.path });
    await app.commands.execute(`${COMMANDS}:show-panel`);
  }
}

async function showChecks(deps: Deps, path: string): Promise<void> {
  const { client, trans } = deps;
  if (path === '') {
    return;
  }
  deps.views.open(
    `doctor ${path}`,
    trans.__('Check of %1', path.split('/').pop() ?? path),
    <Loaded load={() => client.doctor(path)} trans={trans}>
      {checks => (
        <article>
          <h2>{path}</h2>
          <Checks checks={checks} trans={trans} goTo={goToIn(deps, path)} />
        </article>
      )}
    </Loaded>
  );
}

async function showInspection(deps: Deps, path: string): Promise<void> {
  const { client, trans } = deps;
  if (path === '') {
    return;
  }
  deps.views.open(
    `inspect ${path}`,
    trans.__('Pipeline of %1', path.split('/').pop() ?? path),
    <Loaded load={() => client.notebook(path)} trans={trans}>
      {state => <Inspection state={state} trans={trans} goTo={goToIn(deps, path)} />}
    </Loaded>
  );
}

function goToIn(deps: Deps, path: string): (index: number, line: number | null) => void {
  return (index, line) => {
    void showNotebook(deps, path)
      .then(() => deps.app.commands.execute(`${COMMANDS}:go-to-cell`, line === null ? { index } : { index, line }));
  };
}
