export { ScriptedConnection } from './scripted-connection.js';
export type { DialScript, ScriptedConnectionOptions } from './scripted-connection.js';
