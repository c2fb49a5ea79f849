/** The variables that tell specs where the application is, by the major version of Nest that it has. */
export const FOLDERS = { 11: 'RXPOOL_APP_WITH_NEST_11', 12: 'RXPOOL_APP_WITH_NEST_12' } as const;
