export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
export const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;
