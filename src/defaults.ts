/** Where chance comes from, if no option says otherwise. */
// biome-ignore lint/nursery/noJsRestrictedProperties: the default of an option.
export const platformRandom = (): number => Math.random();
