/** A style sheet as text, as vite imports it. */
declare module '*.css?raw' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: vite exports it so.
  export default text;
}
