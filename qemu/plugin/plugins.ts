// Which plugins there are; the source of each is loaded when it is wanted.
import type { Plugin, PluginName } from './task.ts';

const sources: { readonly [name in PluginName]: () => Promise<Plugin> } = {
  budget: async () => (await import('../budget/source.ts')).budgetPlugin,
  profile: async () => (await import('../profile/source.ts')).profilePlugin,
  coverage: async () => (await import('../coverage/source.ts')).coveragePlugin,
};

export const pluginNamed = (name: PluginName): Promise<Plugin> => sources[name]();
