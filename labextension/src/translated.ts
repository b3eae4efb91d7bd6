/** The part of JupyterLab's translation bundle that is used here; pure modules take it as an argument. */
export interface Trans {
  /** `%1`, `%2`, ... are the values. */
  __(message: string, ...values: ReadonlyArray<string | number>): string;
  /** `%1` is the count itself, `%2`, ... the values. */
  _n(one: string, many: string, count: number, ...values: ReadonlyArray<string | number>): string;
}
