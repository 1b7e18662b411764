// What an importing page does not use should not stay in it. A bundler keeps `const OPTIONS = schema(…)` all the same, because the
// call might do something; package.json's "sideEffects" speaks of files, and a file of dist/ holds many modules.

/** A Rollup plugin: marks every value that a module makes at its top as one that is only made for its own sake. */
export function pureStatements() {
  return {
    name: 'pure-statements',
    renderChunk(code) {
      const inits = this.parse(code).body.flatMap((statement) => {
        const { declarations = [] } =
          statement.type === 'ExportNamedDeclaration' ? (statement.declaration ?? {}) : statement;
        return declarations.flatMap(({ id, init }) => (id.type === 'Identifier' && runs(init) ? [init] : []));
      });
      let made = code;
      for (const { start, end } of inits.reverse()) {
        made = `${made.slice(0, start)}/* @__PURE__ */ (() => (${made.slice(start, end)}))()${made.slice(end)}`;
      }
      return { code: made, map: null };
    },
  };
}

const RUNNING = ['CallExpression', 'NewExpression', 'MemberExpression', 'SpreadElement', 'TaggedTemplateExpression'];
const LATER = ['FunctionExpression', 'ArrowFunctionExpression', 'ClassExpression'];

/** Whether something of an expression runs when the module does, and none of it waits. */
function runs(init) {
  let isRunning = false;
  let waits = false;
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node?.type !== 'string' || LATER.includes(node.type)) return;
    isRunning ||= RUNNING.includes(node.type);
    waits ||= node.type === 'AwaitExpression';
    Object.values(node).forEach(visit);
  };
  visit(init);
  return isRunning && !waits;
}
