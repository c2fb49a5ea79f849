// `rxjs/operators` of the bundle that specs load rxjs from.
import * as rxjs from 'rxjs';

module.exports = (rxjs as unknown as { readonly operators: object }).operators;
