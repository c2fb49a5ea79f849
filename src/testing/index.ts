export type { DialScript, ScriptedConnectionOptions } from './scripted-connection.js';
export { ScriptedConnection } from './scripted-connection.js';
