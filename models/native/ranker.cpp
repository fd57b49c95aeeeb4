#include "ranker.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>

#include "vectorised.hpp"

namespace saldopas {
namespace {

constexpr float NOTHING = -std::numeric_limits<float>::infinity();

// Scores of the courses that may be listed, -inf for the others. Without `zeros` a score of 0 says
// that the model knows nothing of the course.
VECTORISED void mask_scores(const float* scores, const uint8_t* allowed, bool zeros, size_t size,
                            float* ranked) {
    for (size_t item = 0; item < size; item++)
        ranked[item] = allowed[item] & (zeros | (scores[item] != 0)) & (scores[item] > NOTHING) ? scores[item] : NOTHING;
}

bool is_better(const Listed& one, const Listed& other) {
    return one.score > other.score || (one.score == other.score && one.item < other.item);
}

constexpr size_t LANES = 64;
constexpr size_t BLOCK = 32;

// The greatest score of each lane; course i is in lane i % LANES.
VECTORISED void lane_maxima(const float* scores, size_t size, float* lanes) {
    std::fill_n(lanes, LANES, NOTHING);
    for (size_t start = 0; start + LANES <= size; start += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = scores[start + lane] > lanes[lane] ? scores[start + lane] : lanes[lane];
}

// Write the courses that reach `bound`; most blocks have none. Returns their number.
VECTORISED size_t gather(const float* scores, size_t size, float bound, Listed* found) {
    size_t n_found = 0;
    for (size_t start = 0; start < size; start += BLOCK) {
        const size_t end = std::min(start + BLOCK, size);
        int32_t any = 0;
        if (end - start == BLOCK)
            for (size_t at = 0; at < BLOCK; at++) any |= scores[start + at] >= bound;
        else
            any = 1;
        if (!any) continue;
        for (size_t item = start; item < end; item++) {
            found[n_found] = {scores[item], static_cast<int32_t>(item)};
            n_found += scores[item] >= bound;
        }
    }
    return n_found;
}

// The best `count` scores above -inf, best first, ties by course order. The best of each lane are
// different courses, so `count` courses reach the `count`-th best lane: few others do.
std::span<Listed> select_best(std::span<const float> scores, size_t count, Listed* found) {
    float bound = std::numeric_limits<float>::lowest();
    if (count <= LANES) {
        float lanes[LANES];
        lane_maxima(scores.data(), scores.size(), lanes);
        std::nth_element(lanes, lanes + count - 1, lanes + LANES, std::greater{});
        bound = std::max(bound, lanes[count - 1]);
    }
    std::span<Listed> best(found, gather(scores.data(), scores.size(), bound, found));
    if (best.size() > count) {
        std::ranges::nth_element(best, best.begin() + count, is_better);
        best = best.first(count);
    }
    std::ranges::sort(best, is_better);
    return best;
}

}  // namespace

Ranker::Ranker(std::vector<Stage> stages, std::shared_ptr<CourseRules> rules,
               std::shared_ptr<BalanceLift> lift)
    : stages_(std::move(stages)), rules_(std::move(rules)), lift_(std::move(lift)) {
    for (size_t place = 0; place < stages_.size(); place++) {
        Stage& stage = stages_[place];
        stage.n_known = std::min({stage.n_known, stage.model->n_known(), n_items()});
        stage.repeats_model = place > 0 && stages_[place - 1].model == stage.model;
    }
}

template <class Append>
void Ranker::rank(const Batch& batch, size_t row, Workspace& space, Append append) const {
    const Terms& terms = batch.requests.terms;
    const int64_t asked = terms.at(COUNT, row);
    size_t wanted = asked <= 0 ? 0 : std::min<size_t>(asked, n_items());
    if (wanted == 0) return;
    rules_->allow(batch.requests, row, space.allowed.get());
    Given given = batch.given;
    given.row = row;
    bool answered = false;
    for (const Stage& stage : stages_) {
        const bool is_last = &stage == &stages_.back();
        if (answered && stage.repeats_model && !is_last) continue;  // all it knows is listed
        const Known known =
            space.parts.known(batch.history.row(row), batch.tokens.row(row), stage.n_known);
        answered = stage.source == POPULAR ||
                   (stage.source == HISTORY
                        ? known.n_events > 0 && stage.model->reads_history(known)
                        : !known.tokens.empty() && stage.model->reads_profile(known));
        if (!answered) continue;
        given.first = stage.first_given;
        stage.model->score(known, given, space.parts, {space.scores.get(), n_items()});
        if (lift_ && terms.at(HAS_BALANCE, row))
            lift_->apply(rules_->price_rp(), terms.at(BALANCE, row), space.scores.get());
        mask_scores(space.scores.get(), space.allowed.get(), is_last, n_items(),
                    space.ranked.get());
        const auto best = select_best({space.ranked.get(), n_items()}, wanted, space.best.get());
        for (const Listed& listed : best) {
            space.allowed[listed.item] = 0;
            append(listed, stage.source);
        }
        wanted -= best.size();
        if (wanted == 0) return;
    }
}

void Ranker::require_fits(const Batch& batch) const {
    const size_t n_rows = batch.requests.n_rows();
    require(batch.history.n_rows() == n_rows && batch.tokens.n_rows() == n_rows,
            "history and tokens must have a row for each request");
    rules_->require_fits(batch.requests);
    Given given = batch.given;
    for (const Stage& stage : stages_) {
        given.first = stage.first_given;
        stage.model->require_fits(batch.tokens, given, n_items());
    }
}

namespace {

nb::tuple rank(const Ranker& ranker, const Ragged::Arrays& history, const Ragged::Arrays& tokens,
               const Ragged::Arrays& owned, const Ragged::Arrays& excluded,
               const Matrix<int64_t>& terms, const Cube<float>& given) {
    const Ranker::Batch batch{{history, "history"},
                              {tokens, "tokens"},
                              {terms, owned, excluded},
                              {given, terms.shape(1)}};
    ranker.require_fits(batch);
    const size_t n_rows = batch.requests.n_rows();
    size_t room = 0;
    for (size_t row = 0; row < n_rows; row++)
        room += std::clamp<int64_t>(batch.requests.terms.at(COUNT, row), 0, ranker.n_items());
    const auto [indptr, ends] = new_array<int64_t>(n_rows + 1);
    const auto [item_idx, items] = new_array<int64_t>(room);
    const auto [scores, values] = new_array<float>(room);
    const auto [source, sources] = new_array<int8_t>(room);
    size_t end = 0;
    {
        nb::gil_scoped_release released;
        Ranker::Workspace space(ranker.n_items());
        ends[0] = 0;
        for (size_t row = 0; row < n_rows; row++) {
            ranker.rank(batch, row, space, [&](const Listed& listed, Source of_stage) {
                items[end] = listed.item;
                values[end] = listed.score;
                sources[end++] = of_stage;
            });
            ends[row + 1] = end;
        }
    }
    if (end == room) return nb::make_tuple(indptr, item_idx, scores, source);
    const nb::slice filled(end);
    return nb::make_tuple(indptr, item_idx[filled], scores[filled], source[filled]);
}

nb::object score(const LinearModel& model, const Ragged::Arrays& history,
                 const Ragged::Arrays& tokens, const Cube<float>& given, size_t n_items) {
    const Ragged histories(history, "history"), profiles(tokens, "tokens");
    const size_t n_rows = histories.n_rows();
    require(profiles.n_rows() == n_rows, "history and tokens must have as many rows");
    Given scores(given, n_rows);
    model.require_fits(profiles, scores, n_items);
    const auto [array, values] = new_array<float>(n_rows, n_items);
    {
        nb::gil_scoped_release released;  // ends before an object is copied
        Scratch scratch(n_items);
        const size_t n_known = std::min(model.n_known(), n_items);
        for (size_t row = 0; row < n_rows; row++) {
            scores.row = row;
            const Known known = scratch.known(histories.row(row), profiles.row(row), n_known);
            model.score(known, scores, scratch, {values + row * n_items, n_items});
        }
    }
    return array;
}

nb::object allowed(const CourseRules& rules, const Ragged::Arrays& owned,
                   const Ragged::Arrays& excluded, const Matrix<int64_t>& terms) {
    const Requests requests(terms, owned, excluded);
    rules.require_fits(requests);
    const auto [array, values] = new_array<bool>(requests.n_rows(), rules.n_items());
    for (size_t row = 0; row < requests.n_rows(); row++)
        rules.allow(requests, row, reinterpret_cast<uint8_t*>(values) + row * rules.n_items());
    return array;
}

nb::object lifted(const BalanceLift& lift, const Matrix<float>& scores,
                  const Vector<int64_t>& price_rp, const Vector<int64_t>& balance_rp,
                  const Vector<bool>& has_balance) {
    const size_t n_rows = scores.shape(0), width = scores.shape(1);
    require(price_rp.shape(0) == width, "there must be a price for each column of the scores");
    require(balance_rp.shape(0) == n_rows && has_balance.shape(0) == n_rows,
            "there must be a balance for each row of the scores");
    const auto [array, values] = new_array<float>(n_rows, width);
    std::copy_n(scores.data(), n_rows * width, values);
    for (size_t row = 0; row < n_rows; row++)
        if (has_balance.data()[row])
            lift.apply(view(price_rp), balance_rp.data()[row], values + row * width);
    return array;
}

using Csr = std::tuple<Vector<int64_t>, Vector<int32_t>, Vector<float>>;

void bind_parts(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<Part>(m, "Part");
    nb::class_<DenseRows, Part>(m, "DenseRows")
        .def(
            "__init__",
            [](DenseRows* self, Matrix<float> weights, Vector<int32_t> kept, int64_t n_items,
               double decay, double token_weight) {
                new (self) DenseRows(std::move(weights), std::move(kept), n_items, decay,
                                     token_weight);
            },
            "weights"_a, "kept"_a, nb::kw_only(), "n_items"_a, "decay"_a, "token_weight"_a);
    nb::class_<SparseRows, Part>(m, "SparseRows")
        .def(
            "__init__",
            [](SparseRows* self, Csr rows, double decay) {
                auto& [indptr, indices, values] = rows;
                new (self) SparseRows({indptr, indices}, values, decay);
            },
            "rows"_a, nb::kw_only(), "decay"_a);
    nb::class_<FixedScores, Part>(m, "FixedScores").def(nb::init<Vector<float>>(), "scores"_a);
    nb::class_<GroupShares, Part>(m, "GroupShares")
        .def(
            "__init__",
            [](GroupShares* self, Vector<float> share, Matrix<float> lift,
               Ragged::Arrays group_tokens, Csr group_counts, Vector<float> totals,
               double strength) {
                auto& [indptr, indices, values] = group_counts;
                new (self)
                    GroupShares(std::move(share), std::move(lift), std::move(group_tokens),
                                {{indptr, indices}, values, std::move(totals)}, strength);
            },
            "share"_a, "lift"_a, nb::kw_only(), "group_tokens"_a, "group_counts"_a, "totals"_a,
            "strength"_a);
    nb::class_<GivenScores, Part>(m, "GivenScores").def(nb::init<size_t>(), "place"_a);
}

}  // namespace

void bind_ranker(nb::module_& m) {
    using namespace nb::literals;
    bind_parts(m);
    nb::class_<LinearModel>(m, "LinearModel")
        .def(nb::init<std::vector<std::shared_ptr<Part>>, Matrix<float>, Matrix<bool>>(),
             "parts"_a, "factors"_a, "reads"_a)
        .def("score", &score, "history"_a, "tokens"_a, "given"_a, "n_items"_a);
    nb::class_<CourseRules>(m, "CourseRules")
        .def(
            "__init__",
            [](CourseRules* self, Vector<int64_t> price_rp, Vector<int64_t> on_sale_from_s,
               Vector<int64_t> on_sale_until_s, Vector<int64_t> min_age,
               Vector<int64_t> min_education) {
                new (self) CourseRules(
                    {price_rp, on_sale_from_s, on_sale_until_s, min_age, min_education});
            },
            "price_rp"_a, "on_sale_from_s"_a, "on_sale_until_s"_a, "min_age"_a, "min_education"_a)
        .def("allowed", &allowed, "owned"_a, "excluded"_a, "terms"_a);
    nb::class_<BalanceLift>(m, "BalanceLift")
        .def(nb::init<const Vector<double>&, const Vector<float>&>(), "edges"_a, "lift"_a)
        .def("lifted", &lifted, "scores"_a, "price_rp"_a, "balance_rp"_a, "has_balance"_a);
    nb::class_<Ranker>(m, "Ranker")
        .def(
            "__init__",
            [](Ranker* self,
               const std::vector<std::tuple<std::shared_ptr<LinearModel>, int, size_t, size_t>>&
                   stages,
               std::shared_ptr<CourseRules> rules, std::shared_ptr<BalanceLift> lift) {
                std::vector<Stage> made;
                for (const auto& [model, source, n_known, first_given] : stages) {
                    require(source >= HISTORY && source <= POPULAR, "source must be 0, 1 or 2");
                    made.push_back({model, static_cast<Source>(source), n_known, first_given});
                }
                new (self) Ranker(std::move(made), std::move(rules), std::move(lift));
            },
            "stages"_a, "rules"_a, "lift"_a.none())
        .def("rank", &rank, "history"_a, "tokens"_a, "owned"_a, "excluded"_a, "terms"_a,
             "given"_a);
}

}  // namespace saldopas
