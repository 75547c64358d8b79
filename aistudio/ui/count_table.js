// How many of each thing there are in each part. Drawn in the browser a portion at a time, so that thousands of rows
// stay quick; new numbers change the cells, and keep the search, the order and the place.
const MANY = 12, PORTION = 100;

export default {
  template: `
    <div class="counts">
      <q-input v-if="rows.length > ${MANY}" v-model="search" dense outlined clearable debounce="80"
        :aria-label="'Search ' + noun" :placeholder="'Search ' + rows.length.toLocaleString('en') + ' ' + plural">
        <template #prepend><q-icon name="search" size="18px" /></template>
      </q-input>
      <div class="counts-scroll" tabindex="0" role="region" :aria-label="label">
        <table class="plain-table counts-table">
          <thead><tr>
            <th v-for="(title, number) in titles" :key="number" scope="col" :aria-sort="sorted(number)">
              <button type="button" @click="sort(number)">{{ title }}<span v-if="by === number" aria-hidden="true">{{ down ? ' ↓' : ' ↑' }}</span></button>
            </th>
            <td v-if="keys.length" class="counts-bar"></td>
          </tr></thead>
          <tbody>
            <tr v-for="row in shown.slice(0, most)" :key="row[0]">
              <th scope="row">{{ row[0] }}</th>
              <td v-for="number in columns.length" :key="number" :class="{ 'counts-none': warn && !row[number] && totals[number - 1] }">{{ row[number].toLocaleString("en") }}</td>
              <td v-if="keys.length" class="counts-bar"><div class="share-bar" aria-hidden="true">
                <i v-for="(key, number) in keys" :key="key" :class="'share-' + key" :style="{ flexGrow: row[number + 1] }"></i></div></td>
            </tr>
          </tbody>
          <tfoot v-if="totals.length"><tr><th scope="row">All images</th>
            <td v-for="(total, number) in totals" :key="number">{{ total.toLocaleString("en") }}</td><td v-if="keys.length" class="counts-bar"></td>
          </tr></tfoot>
        </table>
        <div v-if="rows.length && !shown.length" class="faint card-none" role="status">Nothing is called “{{ search }}”.</div>
        <button v-if="shown.length > most" type="button" class="counts-more" @click="most += ${PORTION}">
          Show more: {{ (shown.length - most).toLocaleString("en") }} are left</button>
      </div>
    </div>`,
  props: { label: String, noun: String, plural: String, columns: Array, keys: Array, rows: Array, totals: Array, warn: Boolean },
  data() {
    return { search: "", by: null, down: false, most: PORTION };
  },
  watch: {
    search() {
      this.most = PORTION;
    },
    noun() {
      [this.search, this.by] = ["", null];
    },
  },
  computed: {
    titles() {
      return [this.noun, ...this.columns];
    },
    shown() {
      const wanted = (this.search ?? "").trim().toLowerCase();
      const found = wanted ? this.rows.filter((row) => row[0].toLowerCase().includes(wanted)) : this.rows;
      return this.by === null || this.by > this.columns.length ? found : [...found].sort((a, b) => this.compare(a[this.by], b[this.by]));
    },
  },
  methods: {
    sorted(number) {
      return this.by !== number ? "none" : this.down ? "descending" : "ascending";
    },
    sort(number) {
      const again = this.by === number;
      if (again && this.down === number > 0) this.down = !this.down;
      else if (again) this.by = null; // as they came
      else [this.by, this.down] = [number, number > 0];
    },
    compare(a, b) {
      const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
      return this.down ? -order : order;
    },
  },
};
