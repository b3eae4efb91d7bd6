/** Requests over JupyterLab's own connection: its token, its cookies, its base URL. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { RequestError } from '../server/client.ts';
import type { Send } from '../server/client.ts';
import type { Trans } from '../translated.ts';

/** Make what carries requests to the server extension. */
export function makeSend(settings: ServerConnection.ISettings, trans: Trans): Send {
  return async (path, method, body) => {
    const url = URLExt.join(settings.baseUrl, 'pressrun', path);
    const headers = { 'Content-Type': 'application/json' };
    const init: RequestInit = body === null ? { method } : { method, body, headers };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, settings);
    } catch (error) {
      const remedy = trans.__('Look whether the server still runs, then refresh.');
      throw new RequestError(0, trans.__('the server cannot be reached'), String(error), remedy);
    }
    return { status: response.status, body: await response.text() };
  };
}
