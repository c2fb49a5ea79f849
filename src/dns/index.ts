export { type AddressResolver, type DnsAddressesOptions, dnsAddresses } from './addresses.js';
export type { DnsOptions } from './refreshed.js';
export { type DnsServicesOptions, dnsServices, type ServiceResolver } from './services.js';
