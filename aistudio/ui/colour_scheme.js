// Light or dark. NiceGUI's own element sets it anew at each update of the page, and the browser then works out the
// style of everything again: 30 ms on a large page. This one acts when it changes.
export default {
  template: "<span hidden></span>",
  props: { mode: String },
  mounted() {
    this.apply();
  },
  watch: {
    mode() {
      this.apply();
    },
  },
  methods: {
    apply() {
      setDark({ dark: true, light: false }[this.mode] ?? null);
    },
  },
};
