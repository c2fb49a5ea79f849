import { benchSelection } from './selection.js';
void (async () => { await benchSelection(); })();
