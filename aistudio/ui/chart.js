// A Plotly chart that is drawn once. Colours come from CSS variables, so it follows light and dark.
export default {
  template: "<div></div>",
  props: { traces: Array, layout: Object, picks: Boolean },
  async mounted() {
    const { Plotly } = await import("nicegui-plotly");
    if (this.dead) return;
    this.plotly = Plotly;
    const plain = JSON.parse(JSON.stringify([this.traces, this.layout]));
    await Plotly.newPlot(this.$el, plain[0], this.whole(plain[1]), { displaylogo: false, displayModeBar: false, responsive: false });
    if (this.dead) return;
    this.sizes = new ResizeObserver(() => this.$el.offsetParent && Plotly.relayout(this.$el, this.size()));
    this.sizes.observe(this.$el);
    this.dark = document.body.classList.contains("body--dark");
    this.themes = new MutationObserver(() => this.follow()); // Quasar changes other classes all the time
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    if (this.picks) this.$el.on("plotly_click", ({ points }) => this.$emit("pick", points[0].pointIndex));
  },
  unmounted() {
    this.dead = true;
    for (const observer of [this.sizes, this.themes]) observer?.disconnect();
    if (this.plotly) this.plotly.purge(this.$el);
  },
  methods: {
    size() {
      return { width: Math.max(this.$el.clientWidth, 100), height: Math.max(this.$el.clientHeight, 80) };
    },
    follow() {
      const dark = document.body.classList.contains("body--dark");
      if (dark !== this.dark) this.plotly.relayout(this.$el, this.whole({ ...this.$el.layout }));
      this.dark = dark;
    },
    whole(layout) {
      const style = getComputedStyle(document.body);
      const [text, muted, grid, panel] = ["--text", "--muted", "--line", "--panel"].map((name) => style.getPropertyValue(name).trim());
      const axis = { zeroline: false, fixedrange: true, automargin: true };
      return {
        ...layout,
        autosize: false,
        ...this.size(),
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        showlegend: layout.showlegend ?? false,
        bargap: 0.25,
        font: { family: "Roboto, sans-serif", size: 11, color: muted },
        hoverlabel: { bgcolor: panel, bordercolor: grid, font: { color: text } },
        margin: { l: 44, r: 10, t: 8, b: 34, ...layout.margin },
        xaxis: { ...axis, ...layout.xaxis, gridcolor: grid, linecolor: grid },
        yaxis: { ...axis, ...layout.yaxis, gridcolor: grid, linecolor: grid },
      };
    },
  },
};
