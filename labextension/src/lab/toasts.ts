/** A notification for each job that was begun here and has ended, so that nobody has to watch the panel. */
import { Notification } from '@jupyterlab/apputils';
import type { Job } from '../records.ts';
import { isRunning } from '../server/jobs.ts';
import type { Trans } from '../translated.ts';
import { jobMark, jobName } from '../view/words.ts';

/** Tell that a job has ended; `show` opens the notebook and the panel. */
export function tellEnd(job: Job, trans: Trans, show: () => void): void {
  if (isRunning(job)) {
    return;
  }
  const file = job.notebook.split('/').pop() ?? job.notebook;
  const mark = jobMark(job, trans);
  const text = `${file}: ${jobName(job, trans)} – ${mark.word}`;
  const type = mark.tone === 'good' ? 'success' : mark.tone === 'bad' ? 'error' : 'warning';
  const actions = [{ label: trans.__('Show'), callback: show }];
  Notification.emit(text, type, { actions, autoClose: type === 'success' ? 8000 : false });
}
