/** An error of the server in a dialog: what, where, the remedy, and the policy's checks where it refused. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { h } from '../view/h.ts';
import type { RequestError } from '../server/client.ts';
import type { Trans } from '../translated.ts';
import { Findings } from '../view/findings.tsx';
import { Failure } from '../view/parts.tsx';

export async function showRequestError(title: string, error: RequestError, trans: Trans): Promise<void> {
  const body = ReactWidget.create(
    <div className="pr-FormBody">
      <Failure error={error} trans={trans} />
      <Findings findings={error.findings} trans={trans} />
    </div>
  );
  await showDialog({ title, body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
}

/** Say something that is no error. */
export async function tell(title: string, text: React.ReactNode, trans: Trans): Promise<void> {
  const body = ReactWidget.create(<div className="pr-FormBody">{text}</div>);
  await showDialog({ title, body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
}
