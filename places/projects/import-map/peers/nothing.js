// What tfjs asks of Node, behind tests that a browser never passes.
export default {};
