// `PlanSolver`: the exact search over the arrays of one problem.
#include <map>
#include <optional>
#include <utility>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>

#include "arrays.hpp"
#include "plan_candidates.hpp"
#include "plan_search.hpp"

namespace saldopas {

using namespace plan;

namespace {

using Bytes = std::vector<std::uint8_t>;

template <class T>
std::vector<T> copied(const Vector<T>& input) {
    return {input.data(), input.data() + input.shape(0)};
}

// Near-duplicates as disjoint cliques within a category, -1 for none: what the relaxation may know
// of them. In candidate order each joins the first clique of its category with all of whose members
// it conflicts; as cliques lie within categories, both limits are nested.
Array cliques_of(const Candidates& candidates) {
    Array clique(candidates.price.size(), -1);
    std::vector<Array> members;
    for (Int item = 0; !candidates.conflict.empty() && item < candidates.size(); ++item) {
        const Flags row = candidates.conflict.subspan(
            static_cast<std::size_t>(item) * clique.size(), clique.size());
        if (std::ranges::find(row, 1) == row.end()) continue;
        const auto joins = [&](const Array& others) {
            return candidates.category[others[0]] == candidates.category[item] &&
                   std::ranges::all_of(others, [&](Int other) { return row[other] != 0; });
        };
        const auto place = std::ranges::find_if(members, joins);
        clique[item] = place - members.begin();
        if (place == members.end()) members.emplace_back();
        members[clique[item]].push_back(item);
    }
    return clique;
}

// An allowed set in the order in which it is bought: each place takes the most relevant course
// (ties: course order) after which the rest is still in time, that is by rising due day.
Array ordered(Array rest, const Array& relevance, const Candidates& candidates) {
    std::ranges::sort(rest, {}, [&](Int i) { return candidates.due[i]; });
    Array order;
    Int elapsed = 0;
    const auto may_begin = [&](Int first) {
        Int days = elapsed + candidates.busy[first];
        bool in_time = days <= candidates.due[first];
        for (const Int i : rest)
            if (i != first) in_time = in_time && (days += candidates.busy[i]) <= candidates.due[i];
        return in_time;
    };
    while (!rest.empty()) {
        Int best = -1;
        for (const Int i : rest)
            if ((best < 0 || std::pair(relevance[i], -i) > std::pair(relevance[best], -best)) &&
                (!candidates.timed || may_begin(i)))
                best = i;
        order.push_back(best);
        elapsed += candidates.busy[best];
        std::erase(rest, best);
    }
    return order;
}

}  // namespace

// Immutable; holds copies of what it is given.
class PlanSolver {
  public:
    using Categories = std::pair<Vector<Int>, Int>;
    using Days = std::pair<Vector<Int>, Vector<Int>>;
    using Apart = std::pair<Matrix<bool>, Vector<Int>>;

    PlanSolver(const Vector<Int>& price, const Vector<Int>& relevance, Int balance,
               Int max_courses, const std::optional<Vector<Int>>& must_include,
               const std::optional<Categories>& categories,
               const std::optional<Matrix<Int>>& near_duplicates, const std::optional<Days>& days);
    PlanSolver(const PlanSolver&) = delete;  // `candidates_` are views of the other members

    bool fits(Int item, const Vector<Int>& chosen) const {
        require_candidates(view(chosen), "chosen");
        require_candidates({&item, 1}, "item");
        return in_time_[item] && candidates_.fits(item, view(chosen));
    }
    nb::tuple solve(Int relevance_weight, Int price_weight, Int step_limit,
                    const std::optional<Apart>& apart, Int without) const;
    nb::tuple look_ahead(Int relevance_weight, Int price_weight, Int step_limit) const;

  private:
    // The candidates with the number of courses that they may share with earlier plans, and the
    // arrays that these need.
    struct ApartFromEarlier {
        Array category, clique, room;
        Candidates candidates;
    };

    Int size() const { return static_cast<Int>(price_.size()); }
    void require_candidates(View items, const char* what) const {
        for (const Int item : items)
            require(item >= 0 && item < size(), std::string(what) + ": a position is no candidate's");
    }
    ApartFromEarlier apart_from(const Apart& apart) const;
    Array values(Int relevance_weight, Int price_weight) const {
        Array value(price_.size());
        for (std::size_t i = 0; i < value.size(); ++i)
            value[i] = relevance_weight * relevance_[i] + price_weight * price_[i];
        return value;
    }
    Bytes usable(View without) const {
        Bytes usable = in_time_;
        for (const Int i : without) usable[i] = 0;
        return usable;
    }
    std::optional<Array> forced_after(Int first, const Candidates& after) const;

    Array price_, relevance_, category_, clique_, busy_, due_, room_, forced_;
    Bytes conflict_, in_time_;
    Int balance_, max_courses_;
    bool limited_ = false;  // the number of courses of a category
    Candidates candidates_{};
};

PlanSolver::PlanSolver(const Vector<Int>& price, const Vector<Int>& relevance, Int balance,
                       Int max_courses, const std::optional<Vector<Int>>& must_include,
                       const std::optional<Categories>& categories,
                       const std::optional<Matrix<Int>>& near_duplicates,
                       const std::optional<Days>& days)
    : price_(copied(price)),
      relevance_(copied(relevance)),
      category_(price_.size(), 0),
      busy_(price_.size(), 0),
      due_(price_.size(), 0),
      in_time_(price_.size(), 1),
      balance_(balance),
      max_courses_(std::min(max_courses, static_cast<Int>(price_.size()))) {
    const std::size_t n = price_.size();
    const auto covers = [&](const Vector<Int>& array) { return array.shape(0) == n; };
    require(covers(relevance) && (!categories || covers(categories->first)) &&
                (!days || (covers(days->first) && covers(days->second))),
            "every array must have a number for each candidate");
    room_ = {max_courses_};
    if (must_include) {
        forced_ = copied(*must_include);
        require_candidates(forced_, "must_include");
    }
    Int left = balance_;
    for (const Int i : forced_) left -= price_[i];
    require(left >= 0 && static_cast<Int>(forced_.size()) <= max_courses_,
            "balance_rp and max_courses must be at least those of must_include");
    if (categories) {
        limited_ = true;
        std::map<Int, Int> codes;
        for (std::size_t i = 0; i < n; ++i) {
            const Int next = static_cast<Int>(codes.size());
            category_[i] = codes.try_emplace(categories->first.data()[i], next).first->second;
        }
        room_.assign(codes.size(), categories->second);
    }
    if (near_duplicates && near_duplicates->shape(0) > 0) {
        const View pairs(near_duplicates->data(), near_duplicates->size());
        require(near_duplicates->shape(1) == 2, "near_duplicates must be pairs");
        require_candidates(pairs, "near_duplicates");
        conflict_.assign(n * n, 0);
        for (std::size_t at = 0; at < pairs.size(); at += 2) {
            const auto one = static_cast<std::size_t>(pairs[at]);
            const auto other = static_cast<std::size_t>(pairs[at + 1]);
            conflict_[one * n + other] = conflict_[other * n + one] = 1;
        }
    }
    bool timed = false;
    if (days) {
        busy_ = copied(days->first);
        due_ = copied(days->second);
        Int slack = std::numeric_limits<Int>::max(), longest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            in_time_[i] = due_[i] >= busy_[i];
            if (!in_time_[i]) continue;
            slack = std::min(slack, due_[i] - busy_[i]);
            longest = std::max(longest, busy_[i]);
        }
        // Untimed where even the longest courses before it leave the most urgent one in time.
        timed = (max_courses_ - 1) * longest > slack;
    }
    const bool capped = limited_ || !conflict_.empty();
    candidates_ = {.price = price_, .category = category_, .clique = {}, .busy = busy_,
                   .due = due_, .room = room_, .conflict = conflict_, .earlier = {}, .shared = {},
                   .capped = capped, .timed = timed, .plain = !capped && !timed};
    clique_ = cliques_of(candidates_);
    candidates_.clique = clique_;
}

// Where categories are not limited, "of plan q, but of none before it" takes their place: that no
// more than `shared` of those are taken follows, and the relaxation can use it.
PlanSolver::ApartFromEarlier PlanSolver::apart_from(const Apart& apart) const {
    const View shared = view(apart.second);
    const Int q = static_cast<Int>(shared.size());
    require(apart.first.shape(0) == shared.size() && apart.first.shape(1) == price_.size(),
            "earlier plans must be a row each, with a flag for each candidate");
    ApartFromEarlier made{{}, {}, {}, candidates_};
    Candidates& candidates = made.candidates;
    candidates.plain = false;
    candidates.shared = shared;
    candidates.earlier = {reinterpret_cast<const std::uint8_t*>(apart.first.data()),
                          apart.first.size()};
    if (limited_) return made;
    for (Int i = 0; i < size(); ++i) {
        Int part = 0;
        while (part < q && !candidates.is_earlier(static_cast<std::size_t>(part), i)) ++part;
        made.category.push_back(part);
        made.clique.push_back(clique_[i] < 0 ? -1 : clique_[i] * (q + 1) + part);
    }
    made.room.assign(shared.begin(), shared.end());
    made.room.push_back(max_courses_);
    candidates.category = made.category;
    candidates.clique = made.clique;
    candidates.room = made.room;
    candidates.capped = true;
    return made;
}

nb::tuple PlanSolver::solve(Int relevance_weight, Int price_weight, Int step_limit,
                            const std::optional<Apart>& apart, Int without) const {
    Array items;
    Int units = 0, total = 0, missing = 0, steps = 0;
    {
        const nb::gil_scoped_release released;
        std::optional<ApartFromEarlier> made;
        if (apart) made.emplace(apart_from(*apart));
        const Candidates& candidates = made ? made->candidates : candidates_;
        const Array value = values(relevance_weight, price_weight);
        const Found found = search(candidates, usable(forced_), value, forced_,
                                   {balance_, max_courses_, step_limit, without});
        missing = found.bound;
        for (const Int i : found.items)
            units += relevance_[i], total += price_[i], missing -= value[i];
        items = ordered(found.items, relevance_, candidates);
        steps = found.steps;
    }
    auto [array, data] = new_array<Int>(items.size());
    std::ranges::copy(items, data);
    return nb::make_tuple(array, units, total, missing, steps);
}

// `first` and what must still be in after it, nothing where that cannot be.
std::optional<Array> PlanSolver::forced_after(Int first, const Candidates& after) const {
    Int money = balance_ - price_[first];
    if (!in_time_[first] || money < 0 || max_courses_ < 1) return {};
    Array forced{first};
    for (const Int i : forced_) {
        if (i == first) continue;
        money -= price_[i];
        if (money < 0 || static_cast<Int>(forced.size()) == max_courses_ || !after.fits(i, forced))
            return {};
        forced.push_back(i);
    }
    return forced;
}

nb::tuple PlanSolver::look_ahead(Int relevance_weight, Int price_weight, Int step_limit) const {
    const std::size_t n = price_.size();
    auto [numbers, leftover] = new_array<Int>(4, n);
    auto [flags, possible] = new_array<bool>(3, n);
    {
        const nb::gil_scoped_release released;
        Int *units = leftover + n, *plan_leftover = units + n, *next = plan_leftover + n;
        bool *strands = possible + n, *optimal = strands + n;
        std::fill(leftover, next, 0);
        std::fill(next, next + n, -1);
        std::fill(possible, possible + 3 * n, false);
        const Array value = values(relevance_weight, price_weight);
        for (Int first = 0; first < size(); ++first) {
            // The days of the others begin when `first` is over, which takes none of them.
            Candidates after = candidates_;
            Array busy, due;
            if (after.timed) {
                busy = busy_, due = due_;
                for (Int& day : due) day -= busy_[first];
                busy[first] = due[first] = 0;
                after.busy = busy, after.due = due;
            }
            const std::optional<Array> forced = forced_after(first, after);
            if (!forced) continue;
            const Found found = search(after, usable(*forced), value, *forced,
                                       {balance_, max_courses_, step_limit});
            leftover[first] = balance_ - price_[first];
            plan_leftover[first] = balance_;
            Int missing = found.bound;
            for (const Int i : found.items) {
                units[first] += relevance_[i];
                plan_leftover[first] -= price_[i];
                missing -= value[i];
                const Int best = next[first];
                if (i != first && (best < 0 || std::pair(relevance_[i], -i) >
                                                   std::pair(relevance_[best], -best)))
                    next[first] = i;
            }
            possible[first] = true;
            strands[first] = leftover[first] > 0 && found.items.size() == 1;
            optimal[first] = missing == 0;
        }
    }
    return nb::make_tuple(numbers, flags);
}

void bind_plan_solver(nb::module_& m) {
    using std::optional;
    nb::class_<PlanSolver>(m, "PlanSolver")
        .def(nb::init<const Vector<Int>&, const Vector<Int>&, Int, Int,
                      const optional<Vector<Int>>&, const optional<PlanSolver::Categories>&,
                      const optional<Matrix<Int>>&, const optional<PlanSolver::Days>&>(),
             nb::arg("price_rp"), nb::arg("relevance_units"), nb::arg("balance_rp"),
             nb::arg("max_courses"), nb::kw_only(), nb::arg("must_include") = nb::none(),
             nb::arg("categories") = nb::none(), nb::arg("near_duplicates") = nb::none(),
             nb::arg("days") = nb::none())
        .def("fits", &PlanSolver::fits, nb::arg("item"), nb::arg("chosen"))
        .def("solve", &PlanSolver::solve, nb::arg("relevance_weight"), nb::arg("price_weight"),
             nb::arg("step_limit"), nb::arg("apart") = nb::none(), nb::arg("without") = 0)
        .def("look_ahead", &PlanSolver::look_ahead, nb::arg("relevance_weight"),
             nb::arg("price_weight"), nb::arg("step_limit"));
}

}  // namespace saldopas
