/** The part of JupyterLab's translation bundle that is used here; pure modules take it as an argument. */
export interface Trans {
  __(message: string, ...values: ReadonlyArray<string | number>): string;
  _n(one: string, many: string, count: number, ...values: ReadonlyArray<string | number>): string;
}
