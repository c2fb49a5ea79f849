// `rxjs/testing` of the bundle that specs load rxjs from: a second copy of rxjs would have schedulers of its own.
import * as rxjs from 'rxjs';

module.exports = (rxjs as unknown as { readonly testing: object }).testing;
