/** Commands about the panel itself: show it, refresh it, and what to do where it cannot tell anything. */
import * as React from 'react';
import { Fragment, h } from '../view/h.ts';
import { tell } from '../lab/errors.tsx';
import type { Facts } from '../model/facts.ts';
import type { Trans } from '../translated.ts';
import { addCommand } from './deps.ts';
import type { Deps } from './deps.ts';
import { pressIcon } from '../icons.ts';
import { COMMANDS } from '../tokens.ts';

export function addPanelCommands(deps: Deps, panelId: string): void {
  const { trans, app, model } = deps;
  app.commands.addCommand(`${COMMANDS}:show-panel`, {
    label: trans.__('Show the pipeline panel'),
    caption: trans.__('Pipeline: captured, replayed, packaged, live'),
    icon: args => (args['toolbar'] === false ? undefined : pressIcon),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => app.shell.activateById(panelId)
  });
  addCommand(deps, 'refresh', { label: trans.__('Refresh the pipeline panel'), execute: () => model.refresh() });
  addCommand(deps, 'how-to-fix', {
    label: trans.__('Why the pipeline panel can tell nothing'),
    execute: () => {
      const facts = model.current?.facts;
      return facts === undefined ? undefined : tell(trans.__('How to fix this'), <Advice facts={facts} trans={trans} />, trans);
    }
  });
}

function Advice(props: { facts: Facts; trans: Trans }): React.JSX.Element {
  const { facts, trans } = props;
  switch (facts.server) {
    case 'missing':
      return (
        <>
          <p>{trans.__('The panel is installed, and the server does not know pressrun. In the environment of the server:')}</p>
          <pre>{'pip install "pressrun[lab]"\njupyter server extension enable pressrun.interfaces.lab'}</pre>
          <p>{trans.__('Then restart the server. Registering cells and capturing work without it.')}</p>
        </>
      );
    case 'forbidden':
      return (
        <>
          <p>{trans.__('The server does not let you use pressrun: its authorizer says no for the resource named pressrun.')}</p>
          <p>{trans.__('Ask whoever runs the server.')}</p>
        </>
      );
    case 'unreachable':
      return <p>{trans.__('Look whether the server still runs and whether you are still logged in, then refresh.')}</p>;
    case 'failed':
      return (
        <>
          <p>{facts.serverMessage}</p>
          <p>{facts.serverRemedy}</p>
        </>
      );
    default:
      return facts.channel === 'refused' ? (
        <>
          <p>{facts.channelProblem}</p>
          <p>
            {trans.__('The kernel has pressrun %1 and the server %2. Install the same version in both environments, then restart the kernel.',
              facts.kernelVersion || '?', facts.serverVersion || '?')}
          </p>
        </>
      ) : (
        <p>{trans.__('Nothing has to be fixed.')}</p>
      );
  }
}
