// Lets a script of any folder import the packages that are installed in this one.
import { registerHooks } from "node:module";

const isPackage = (name) => !/^(\.|\/|#|\w+:)/.test(name);
const isInstalled = (module) => module?.includes("/node_modules/");

registerHooks({
  resolve: (name, context, next) =>
    isPackage(name) && !isInstalled(context.parentURL)
      ? next(name, { ...context, parentURL: import.meta.url })
      : next(name, context),
});
