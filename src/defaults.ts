/** The default of every option `random`. */
// biome-ignore lint/nursery/noJsRestrictedProperties: the default of an option.
export const platformRandom = (): number => Math.random();
