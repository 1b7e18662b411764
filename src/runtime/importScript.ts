/** A module of the package that lies beside the code as a file of its own; bundlers leave this import as it is. */
export function importScript<Module>(url: string): Promise<Module> {
  const address = new URL(url, globalThis.location?.href).href;
  return import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ address);
}
