// Says what `@types/k6` declares for modules of k6, as JSON on standard output: `node declared.cjs NODE_MODULES MODULE…`.
//
// A shape has a kind (function, class, object, string, number, boolean; none where several are possible), the members of
// objects, of classes' instances and of enums, and the value of constants. Classes that are abstract are types alone.
const path = require('node:path');

const [folder, ...modules] = process.argv.slice(2);
const ts = require(path.join(folder, 'typescript'));

// Objects in objects are looked into so far.
const DEPTH = 4;

const hasModifier = (symbol, modifiers) => {
  const [declaration] = symbol.declarations ?? [];
  return declaration !== undefined && Boolean(ts.getCombinedModifierFlags(declaration) & modifiers);
};
const fileOf = (module) => path.join(folder, '@types', module, 'index.d.ts');
const program = ts.createProgram(modules.map(fileOf), {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts'],
  types: [],
  strict: true,
});
const checker = program.getTypeChecker();

const PRIMITIVES = [
  [ts.TypeFlags.StringLike, 'string'],
  [ts.TypeFlags.NumberLike, 'number'],
  [ts.TypeFlags.BooleanLike, 'boolean'],
];

const isHidden = (symbol) =>
  hasModifier(symbol, ts.ModifierFlags.Private | ts.ModifierFlags.Protected) || /^(prototype|default|__@.*)$/.test(symbol.name);

function members(type, depth) {
  const shown = checker.getPropertiesOfType(type).filter((symbol) => !isHidden(symbol));
  return Object.fromEntries(shown.map((symbol) => [symbol.name, shapeOf(symbol, depth)]));
}

function constants({ exports }) {
  const valueOf = ({ valueDeclaration }) => checker.getConstantValue(valueDeclaration);
  return Object.fromEntries([...exports].map(([name, symbol]) => [name, { kind: typeof valueOf(symbol), value: valueOf(symbol) }]));
}

function shapeOf(symbol, depth) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (target.flags & ts.SymbolFlags.Class) {
    const abstract = hasModifier(target, ts.ModifierFlags.Abstract) || undefined;
    return { kind: 'class', abstract, members: members(checker.getDeclaredTypeOfSymbol(target), DEPTH) };
  }
  if (target.flags & ts.SymbolFlags.Enum) return { kind: 'object', members: constants(target) };
  if (target.flags & ts.SymbolFlags.Optional) return { optional: true };
  return shapeOfType(checker.getTypeOfSymbol(target), depth);
}

function shapeOfType(type, depth) {
  const primitive = PRIMITIVES.find(([flag]) => type.flags & flag);
  if (primitive) return { kind: primitive[1], value: type.isLiteral() ? type.value : undefined };
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return { kind: 'function' };
  if (!(type.flags & ts.TypeFlags.Object)) return {};
  if (depth === 0 || checker.getIndexInfosOfType(type).length > 0) return { kind: 'object' };
  return { kind: 'object', members: members(type, depth - 1) };
}

function moduleOf(name) {
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(fileOf(name)));
  const all = checker.getExportsOfModule(symbol);
  const isValue = (symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target.flags & (ts.SymbolFlags.Value | ts.SymbolFlags.ValueModule);
  };
  const interfaces = all.filter((symbol) => symbol.flags & ts.SymbolFlags.Interface && !isValue(symbol));
  return {
    exports: Object.fromEntries(all.filter(isValue).map((symbol) => [symbol.name, shapeOf(symbol, DEPTH)])),
    interfaces: Object.fromEntries(
      interfaces.map((symbol) => [symbol.name, { members: members(checker.getDeclaredTypeOfSymbol(symbol), DEPTH) }]),
    ),
  };
}

console.log(JSON.stringify(Object.fromEntries(modules.map((name) => [name, moduleOf(name)]))));
