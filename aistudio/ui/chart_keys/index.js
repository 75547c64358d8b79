// A chart without a mouse: the arrow keys read value by value, + and - zoom around it, 0 shows all again.
// A mixin of live_chart.js, whose lines and axes it goes by.
export default {
  unmounted() {
    this.said?.remove();
  },
  methods: {
    listen() {
      this.$el.addEventListener("keydown", (event) => this.key(event));
      this.$el.addEventListener("blur", () => this.plotly.Fx.unhover(this.$el));
    },
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own, which zooms the page
      const line = Math.max(0, this.lines.findIndex((one) => one.mode === "lines+markers"));
      const xs = this.placed(this.data[line].xs[this.looked.axis]);
      const scale = { "+": 0.5, "-": 2 }[event.key];
      const at = Math.min(this.at ?? -1, xs.length - 1);
      const to = { ArrowLeft: Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, xs.length - 1), Home: 0, End: xs.length - 1 }[event.key];
      if (event.key === "0") this.all();
      else if (scale) this.zoom(xs[at], scale);
      else if (to !== undefined && xs.length) this.read(xs[(this.at = to)]);
      else return;
      event.preventDefault();
    },
    all() {
      this.plotly?.relayout(this.$el, { "xaxis.autorange": true, "yaxis.autorange": true });
    },
    zoom(around, scale) {
      const [low, high] = this.$el.layout.xaxis.range;
      const from = Math.max((around ?? (low + high) / 2) - ((high - low) * scale) / 2, 0);
      this.plotly.relayout(this.$el, { "xaxis.range": [from, from + (high - low) * scale] });
    },
    read(x) {
      const [low, high] = this.$el.layout.xaxis.range;
      if (x < low || x > high) this.zoom(x, 1);
      this.plotly.Fx.hover(this.$el, { xval: x, yval: 0 });
      const look = { className: "only-read", ariaLive: "polite", style: "top: 0" }; // in a picture nothing is read aloud
      this.said ??= document.body.appendChild(Object.assign(document.createElement("div"), look));
      setTimeout(() => (this.said.textContent = [...this.$el.querySelectorAll(".hoverlayer text")].map((one) => one.textContent).join(", ")), 100);
    },
  },
};
