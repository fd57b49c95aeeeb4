#include "parts.hpp"

#include <algorithm>
#include <cmath>

#include "vectorised.hpp"

namespace saldopas {
namespace {

// Lifts lie within 1e-9 .. 1e9: a product of so many of them stays far inside of float64.
constexpr size_t SAFE_PRODUCT = 16;
constexpr double TINY = 1e-300;
constexpr size_t LANES = 8;

VECTORISED void add_scaled(float* total, float weight, const float* values, size_t size) {
    for (size_t at = 0; at < size; at++) total[at] += weight * values[at];
}

VECTORISED void add_as_float(float* total, double weight, const double* values, size_t size) {
    for (size_t at = 0; at < size; at++) total[at] += static_cast<float>(weight * values[at]);
}

// total += the sum of four weighted rows: `total` is read and written once for four.
VECTORISED void add_four(float* total, const WeightedRow* rows, size_t size) {
    const float *a = rows[0].values, *b = rows[1].values, *c = rows[2].values,
                *d = rows[3].values;
    const float wa = rows[0].weight, wb = rows[1].weight, wc = rows[2].weight,
                wd = rows[3].weight;
    for (size_t at = 0; at < size; at++)
        total[at] += (wa * a[at] + wb * b[at]) + (wc * c[at] + wd * d[at]);
}

VECTORISED void multiply_one(double* prior, const float* a, size_t size) {
    for (size_t at = 0; at < size; at++) prior[at] *= a[at];
}

// At most four lifts: float32 can hold their product.
VECTORISED void multiply_four(double* prior, const float* a, const float* b, const float* c,
                              const float* d, size_t size) {
    for (size_t at = 0; at < size; at++) prior[at] *= (a[at] * b[at]) * (c[at] * d[at]);
}

VECTORISED void scale(double* values, double factor, size_t size) {
    for (size_t at = 0; at < size; at++) values[at] *= factor;
}

// The sum in one fixed order: `LANES` sums side by side, then those.
VECTORISED double sum_of(const double* values, size_t size) {
    double lanes[LANES] = {};
    const size_t whole = size - size % LANES;
    for (size_t at = 0; at < whole; at += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += values[at + lane];
    for (size_t at = whole; at < size; at++) lanes[at - whole] += values[at];
    double total = 0;
    for (double lane : lanes) total += lane;
    return total;
}

// The same for the same tokens in any order: splitmix64 of each, added.
uint64_t profile_hash(std::span<const int32_t> tokens) {
    uint64_t total = tokens.size();
    for (int32_t token : tokens) {
        uint64_t z = (static_cast<uint64_t>(token) + 1) * 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        total += z ^ (z >> 31);
    }
    return total;
}

// Whether two lists of distinct tokens hold the same ones.
bool same_tokens(std::span<const int32_t> ours, std::span<const int32_t> theirs) {
    return ours.size() == theirs.size() && std::ranges::all_of(theirs, [&](int32_t token) {
               return std::ranges::find(ours, token) != ours.end();
           });
}

// Weight of a purchase with `age` newer ones.
float recency(double decay, int32_t age) { return static_cast<float>(std::pow(decay, age)); }

void require_csr(const Ragged& rows, const Vector<float>& values, const char* what) {
    require(values.shape(0) == rows.values().size(),
            std::string(what) + ": as many values as indices are needed");
}

}  // namespace

Known Scratch::known(std::span<const int32_t> history, std::span<const int32_t> tokens,
                     size_t n_known) {
    items.clear();
    ages.clear();
    int32_t age = 0;
    for (auto event = history.rbegin(); event != history.rend(); ++event) {
        const int32_t item = *event;
        if (static_cast<uint32_t>(item) >= n_known) continue;  // a negative item is a large one
        if (!seen[item]) {
            seen[item] = 1;
            items.push_back(item);
            ages.push_back(age);
        }
        age++;
    }
    for (int32_t item : items) seen[item] = 0;
    return {items, ages, tokens, age};
}

Given::Given(const Cube<float>& scores, size_t n_rows)
    : data(scores.data()),
      n_models(scores.shape(0)),
      n_rows(scores.shape(1)),
      n_known(scores.shape(2)) {
    require(n_models == 0 || this->n_rows == n_rows,
            "given scores must have a row for each participant");
}

DenseRows::DenseRows(Matrix<float> weights, Vector<int32_t> kept, int64_t n_items,
                     double decay, double token_weight)
    : weights_(std::move(weights)),
      kept_(std::move(kept)),
      decay_(decay),
      token_weight_(static_cast<float>(token_weight)) {
    require(n_items >= 0, "n_items must not be negative");
    require(weights_.shape(1) == kept_.shape(0) && weights_.shape(0) >= kept_.shape(0),
            "weights must be (m + n_tokens, m), for the m kept items");
    row_of_.assign(n_items, -1);
    for (size_t row = 0; row < kept_.shape(0); row++) {
        const int32_t item = kept_.data()[row];
        require(item >= 0 && item < n_items && row_of_[item] < 0,
                "kept items must be distinct and below n_items");
        row_of_[item] = static_cast<int32_t>(row);
    }
}

void DenseRows::add(float factor, const Known& known, const Given&, Scratch& scratch,
                    float* scores) const {
    const size_t width = kept_.shape(0);
    auto& rows = scratch.rows;
    rows.clear();
    for (size_t at = 0; at < known.items.size(); at++) {
        const int32_t row = row_of_[known.items[at]];
        if (row >= 0)
            rows.push_back({weights_.data() + row * width,
                            factor * recency(decay_, known.ages[at])});
    }
    for (int32_t token : known.tokens)
        rows.push_back({weights_.data() + (width + token) * width, factor * token_weight_});

    float* total = scratch.total.get();
    std::fill_n(total, width, 0.0f);
    size_t at = 0;
    for (; at + 4 <= rows.size(); at += 4) add_four(total, &rows[at], width);
    for (; at < rows.size(); at++) add_scaled(total, rows[at].weight, rows[at].values, width);
    const int32_t* kept = kept_.data();
    for (size_t column = 0; column < width; column++) scores[kept[column]] += total[column];
}

SparseRows::SparseRows(Ragged::Arrays rows, Vector<float> values, double decay)
    : arrays_(std::move(rows)),
      rows_(arrays_, "rows"),
      values_(std::move(values)),
      decay_(decay) {
    require_csr(rows_, values_, "rows");
    rows_.require_below(rows_.n_rows(), "rows");
}

void SparseRows::add(float factor, const Known& known, const Given&, Scratch&,
                     float* scores) const {
    const auto indptr = rows_.indptr();
    const int32_t* columns = rows_.values().data();
    const float* values = values_.data();
    for (size_t at = 0; at < known.items.size(); at++) {
        const float weight = factor * recency(decay_, known.ages[at]);
        const int32_t item = known.items[at];
        for (int64_t entry = indptr[item]; entry < indptr[item + 1]; entry++)
            scores[columns[entry]] += weight * values[entry];
    }
}

void FixedScores::add(float factor, const Known&, const Given&, Scratch&, float* scores) const {
    add_scaled(scores, factor, scores_.data(), scores_.shape(0));
}

GroupShares::GroupShares(Vector<float> share, Matrix<float> lift, Ragged::Arrays group_tokens,
                         Counts counts, double strength)
    : share_(std::move(share)),
      lift_(std::move(lift)),
      token_arrays_(std::move(group_tokens)),
      group_tokens_(token_arrays_, "group_tokens"),
      counts_(std::move(counts)),
      group_items_(counts_.rows, "group_counts"),
      strength_(strength) {
    require(lift_.shape(1) == n_items(), "lift must be (n_tokens, n_items)");
    require(group_items_.n_rows() == group_tokens_.n_rows() &&
                counts_.totals.shape(0) == group_tokens_.n_rows(),
            "group_tokens, group_counts and totals must have a row for each group");
    require_csr(group_items_, counts_.values, "group_counts");
    group_items_.require_below(n_items(), "group_counts");
    group_tokens_.require_below(lift_.shape(0), "group_tokens");
    for (size_t row = 0; row < group_tokens_.n_rows(); row++)
        by_hash_.push_back({profile_hash(group_tokens_.row(row)), row});
    std::ranges::stable_sort(by_hash_, {}, &Group::hash);
}

// The group with exactly these tokens; nullptr where there is none, or no token.
const GroupShares::Group* GroupShares::group_of(std::span<const int32_t> tokens) const {
    if (tokens.empty()) return nullptr;
    for (const Group& group : std::ranges::equal_range(by_hash_, profile_hash(tokens), {}, &Group::hash))
        if (same_tokens(group_tokens_.row(group.row), tokens)) return &group;
    return nullptr;
}

void GroupShares::multiply(std::span<const int32_t> tokens, double* prior) const {
    const size_t width = n_items();
    const auto lift = [&](size_t place) { return lift_.data() + tokens[place] * width; };
    if (tokens.size() == 4)
        multiply_four(prior, lift(0), lift(1), lift(2), lift(3), width);
    else
        for (size_t place = 0; place < tokens.size(); place++)
            multiply_one(prior, lift(place), width);
}

void GroupShares::add(float factor, const Known& known, const Given&, Scratch& scratch,
                      float* scores) const {
    const size_t width = n_items();
    double* prior = scratch.prior.get();
    std::copy_n(share_.data(), width, prior);
    for (size_t first = 0; first < known.tokens.size(); first += 4) {
        const size_t size = std::min<size_t>(4, known.tokens.size() - first);
        multiply(known.tokens.subspan(first, size), prior);
        if (first % SAFE_PRODUCT == SAFE_PRODUCT - 4)  // any factor will do: normalised below
            scale(prior, 1.0 / std::max(sum_of(prior, width), TINY), width);
    }
    const double total = sum_of(prior, width);
    if (!(total > 0)) return;
    const Group* group = group_of(known.tokens);
    if (group == nullptr) {
        add_as_float(scores, factor / total, prior, width);
        return;
    }
    const double people = counts_.totals.data()[group->row] + strength_;
    add_as_float(scores, factor / total * (strength_ / people), prior, width);
    const auto indptr = group_items_.indptr();
    for (int64_t entry = indptr[group->row]; entry < indptr[group->row + 1]; entry++)
        scores[group_items_.values()[entry]] +=
            static_cast<float>(factor * counts_.values.data()[entry] / people);
}

void GivenScores::add(float factor, const Known&, const Given& given, Scratch&,
                      float* scores) const {
    add_scaled(scores, factor, given.scores(place_), given.n_known);
}

LinearModel::LinearModel(std::vector<std::shared_ptr<Part>> parts, Matrix<float> factors,
                         Matrix<bool> reads)
    : parts_(std::move(parts)), factors_(std::move(factors)), reads_(std::move(reads)) {
    require(factors_.shape(0) > 0 && factors_.shape(1) == parts_.size(),
            "factors must be (n_levels, n_parts), with at least one level");
    require(reads_.shape(0) == factors_.shape(0) && reads_.shape(1) == 2,
            "reads must be (n_levels, 2)");
    for (const auto& part : parts_) {
        const Reach own = part->reach();
        reach_.scores = std::max(reach_.scores, own.scores);
        reach_.history = std::min(reach_.history, own.history);
        reach_.tokens = std::min(reach_.tokens, own.tokens);
        reach_.given = std::max(reach_.given, own.given);
    }
}

void LinearModel::score(const Known& known, const Given& given, Scratch& scratch,
                        std::span<float> scores) const {
    std::ranges::fill(scores, 0.0f);
    const float* factors = factors_.data() + level(known) * parts_.size();
    for (size_t place = 0; place < parts_.size(); place++)
        if (factors[place] != 0)
            parts_[place]->add(factors[place], known, given, scratch, scores.data());
}

void LinearModel::require_fits(const Ragged& tokens, const Given& given, size_t n_items) const {
    require(reach_.scores <= n_items, "a model knows more courses than the catalogue has");
    require(reach_.given == 0 || given.first + reach_.given <= given.n_models,
            "scores of a model that is asked are missing");
    require(reach_.given == 0 || given.n_known <= n_items,
            "given scores are of more courses than the catalogue has");
    if (reach_.tokens != Reach::ANY) tokens.require_below(reach_.tokens, "tokens");
}

}  // namespace saldopas
