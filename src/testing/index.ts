export {
  BrokenRuleError,
  type CheckedConnection,
  type CheckedServer,
  type ConnectionRule,
  checkConnection,
  connectionRules,
  NonconformingConnectionError,
} from './check-connection.js';
export type { DialScript, ScriptedConnectionOptions } from './scripted-connection.js';
export { ScriptedConnection } from './scripted-connection.js';
