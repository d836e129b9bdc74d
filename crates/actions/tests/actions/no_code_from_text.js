const AsyncFunction = (async () => {}).constructor;
const GeneratorFunction = function* () {}.constructor;
const AsyncGeneratorFunction = async function* () {}.constructor;
const tries = {
  eval: () => eval('1'),
  'indirect eval': () => (0, eval)('1'),
  Function: () => Function('return 1')(),
  'new Function': () => new Function('return 1')(),
  constructor: () => (() => {}).constructor('return 1')(),
  AsyncFunction: () => AsyncFunction('return 1')(),
  GeneratorFunction: () => GeneratorFunction('yield 1')(),
  AsyncGeneratorFunction: () => AsyncGeneratorFunction('yield 1')(),
  subclass: () => new (class extends Function {})('return 1')(),
  Reflect: () => Reflect.construct(Function, ['return 1'])(),
  setTimeout: () => setTimeout('1', 0),
};
for (const name in tries) {
  try {
    console.log(name, 'gave', tries[name]());
  } catch (error) {
    console.log(name, error.name, error.message);
  }
}
import('data:text/javascript,1').catch((error) => console.log('import', error.name));
