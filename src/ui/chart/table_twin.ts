/** The numbers of a picture as a table: the first column names the row. */
export interface TableTwin {
  caption: string;
  head: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}
