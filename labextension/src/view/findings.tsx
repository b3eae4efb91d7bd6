/** What the policy says of a version, check by check: those that do not pass first. */
import * as React from 'react';
import { h } from './h.ts';
import type { PanelFinding } from '../records.ts';
import type { Trans } from '../translated.ts';

const ORDER: Record<PanelFinding['outcome'], number> = { fail: 0, unknown: 1, waived: 2, pass: 3 };

export function Findings(props: { findings: ReadonlyArray<PanelFinding>; trans: Trans }): React.JSX.Element | null {
  const { findings, trans } = props;
  if (findings.length === 0) {
    return null;
  }
  const words = {
    fail: trans.__('fails'),
    unknown: trans.__('not assessed'),
    waived: trans.__('waived'),
    pass: trans.__('passes')
  };
  const signs = { fail: '✗', unknown: '?', waived: '~', pass: '✓' };
  const tones = { fail: 'bad', unknown: 'attention', waived: 'attention', pass: 'good' };
  const sorted = [...findings].sort((a, b) => ORDER[a.outcome] - ORDER[b.outcome]);
  return (
    <ul className="pr-Findings" aria-label={trans.__('Checks of the policy')}>
      {sorted.map((finding, index) => (
        <li key={`${finding.check} ${index}`}>
          <span className={`pr-Mark-sign pr-mod-${tones[finding.outcome]}`} aria-hidden="true">
            {signs[finding.outcome]}
          </span>
          <span>
            <strong>{finding.title || finding.check}</strong> {words[finding.outcome]}
            {finding.outcome === 'pass' ? null : (
              <span className="pr-Findings-more">
                {finding.observed ? <span>{trans.__('Seen: %1', finding.observed)}</span> : null}
                {finding.required ? <span>{trans.__('Required: %1', finding.required)}</span> : null}
                {finding.set_by ? <span>{trans.__('Set by %1', finding.set_by)}</span> : null}
                {finding.fix ? <span>{finding.fix}</span> : null}
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
