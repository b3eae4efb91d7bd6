/** What the panel can do; each is a command `pressrun:<id>` as well. */
import type { Trans } from '../translated.ts';

export const ACTIONS = [
  'open-example', 'start-kernel', 'load-extension', 'register-cell', 'run-all', 'run-remaining', 'run-changed',
  'replay', 'stop', 'go-to-failure', 'compare', 'package', 'verify', 'register-version', 'request-approval', 'approve',
  'reject', 'remind', 'withdraw', 'deploy', 'roll-back', 'history', 'doctor', 'open-executed', 'copy-command', 'how-to-fix',
  'refresh'
] as const;
export type ActionId = (typeof ACTIONS)[number];

/** The action's name, as it stands on a button and in the palette. */
export function actionLabel(action: ActionId, trans: Trans): string {
  switch (action) {
    case 'open-example':
      return trans.__('New notebook from a template…');
    case 'start-kernel':
      return trans.__('Start a kernel');
    case 'load-extension':
      return trans.__('Turn capture on');
    case 'register-cell':
      return trans.__('Register this cell…');
    case 'run-all':
      return trans.__('Run all and capture');
    case 'run-remaining':
      return trans.__('Run the remaining cells');
    case 'run-changed':
      return trans.__('Run from the first change');
    case 'replay':
      return trans.__('Replay…');
    case 'stop':
      return trans.__('Stop the replay');
    case 'go-to-failure':
      return trans.__('Go to the cell that failed');
    case 'compare':
      return trans.__('Compare the results');
    case 'package':
      return trans.__('Package…');
    case 'verify':
      return trans.__('Verify the bundle…');
    case 'register-version':
      return trans.__('Register as a version…');
    case 'request-approval':
      return trans.__('Request approval…');
    case 'approve':
      return trans.__('Approve…');
    case 'reject':
      return trans.__('Reject…');
    case 'remind':
      return trans.__('Copy a reminder');
    case 'withdraw':
      return trans.__('Withdraw the request…');
    case 'deploy':
      return trans.__('Deploy…');
    case 'roll-back':
      return trans.__('Roll back…');
    case 'history':
      return trans.__('Show what was live');
    case 'doctor':
      return trans.__('Check the notebook');
    case 'open-executed':
      return trans.__('Open the executed notebook');
    case 'copy-command':
      return trans.__('Copy the command line');
    case 'how-to-fix':
      return trans.__('How to fix this');
    case 'refresh':
      return trans.__('Refresh');
  }
}
