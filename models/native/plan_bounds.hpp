// Upper bounds of what a set can be worth: Lagrangian relaxation of money and days.
//
// With multipliers mu >= 0 (value of a rupiah) and nu >= 0 (value of a day) every allowed set S of
// at most k courses has
//
//     value(S) <= mu * money + nu * days + sum over S of (v_i - mu * p_i - nu * t_i).
//
// The last sum is at most that of the best k positive terms with at most `room` a category and one
// a clique. These limits are nested, a laminar matroid, so the best terms are found greedily and
// exactly, and the best first s of them are the best s (Edmonds 1971). The matroid's polytope is
// integral: at the best mu the bound is that of the linear relaxation (Geoffrion 1974). All numbers
// are int64: a bound that is reached is reached exactly, and no tie depends on rounding.
#pragma once

#include <limits>

#include "plan_candidates.hpp"

namespace saldopas::plan {

struct Sums {
    Int worth = 0, cost = 0;
};

// A multiplier, and a quarter less and more: each is the tightest bound of other subtrees.
inline Array around(Int mu) { return {mu, mu - mu / 4, mu + mu / 4}; }

// The best terms within number, categories and cliques, the largest first.
class BestTerms {
  public:
    BestTerms(const Candidates& candidates, View room, Int most)
        : candidates_(candidates), room_(room), most_(static_cast<std::size_t>(most)) {
        items.reserve(most_);
        terms.reserve(most_);
    }

    void clear() { items.clear(), terms.clear(); }
    bool is_full() const { return items.size() == most_; }
    // Whether a term of this size can be among the best.
    bool may_enter(Int term) const { return !is_full() || term > terms.back(); }
    void insert(Int item, Int term);
    // Fill with the best worth - multiplier * cost of at least `least`, 1 or more.
    void fill(View among, View worth, View cost, Int multiplier, Int least);
    Sums sums(View worth, View cost) const;

    Array items, terms;

  private:
    const Candidates& candidates_;
    View room_;
    std::size_t most_;
};

struct Multiplier {
    Int value = 0, bound = 0;
    Array affordable;  // a set within the capacity
};

// The whole multiplier of `cost` with the least bound, within a capacity of the cost.
Multiplier best_multiplier(BestTerms& best, View among, View worth, View cost, Int capacity);

// The whole multiplier with the least value of multiplier * capacity + best(multiplier).
//
// The bound is convex and piecewise linear in the multiplier, a line for each set. From one line
// that falls and one that rises the next multiplier is where they cross (Kelley 1960).
//
// `best(multiplier)` gives worth and cost of the set with the largest worth - multiplier * cost;
// `affordable()` is called where the cost of the last such set is within the capacity.
template <typename Best, typename Affordable>
Multiplier least_bound(Int capacity, Best best, Affordable affordable) {
    Sums high = best(0), low;
    if (high.cost <= capacity) {
        affordable();
        return {0, high.worth, {}};
    }
    Multiplier found{0, high.worth, {}};
    Int trial = 0;
    while (true) {
        trial = (high.worth - low.worth) / (high.cost - low.cost);
        const Sums now = best(trial);
        const Int gain = now.worth - trial * now.cost;
        if (trial * capacity + gain < found.bound)
            found.value = trial, found.bound = trial * capacity + gain;
        if (gain <= std::max(high.worth - trial * high.cost, low.worth - trial * low.cost)) break;
        if (now.cost > capacity) {
            high = now;
        } else {
            low = now;
            affordable();
        }
    }
    const Sums now = best(trial + 1);
    const Int bound = (trial + 1) * (capacity - now.cost) + now.worth;
    if (bound < found.bound) found.value = trial + 1, found.bound = bound;
    return found;
}

// What at most s courses from place a of the core on can be worth, by the least of several
// multipliers of money.
class SuffixBound {
  public:
    SuffixBound(const Candidates& candidates, View room, View core, View value, Array mus, Int nu,
                Int slots);
    Int operator()(Int a, Int s, Int money, Int days) const {
        const Int* cell = &table_[static_cast<std::size_t>((a * (slots_ + 1) + s) * width_)];
        Int bound = std::numeric_limits<Int>::max();
        for (Int t = 0; t < width_; ++t)
            bound = std::min(bound, mus_[static_cast<std::size_t>(t)] * money + cell[t]);
        return bound + nu_ * days;
    }

  private:
    Array mus_;
    Int nu_, slots_, width_;
    Array table_;  // (m + 1, slots + 1, M)
};

// The bound of a set in time: days exactly, money by several multipliers.
//
// A set is in time exactly if it is in time by rising due day (Jackson 1955). In that order only
// the days gone must be known, so with a value mu for a rupiah
//
//     F[l, s, d] = max(F[l + 1, s, d], v_l - mu * p_l + F[l + 1, s - 1, d + busy_l]),
//
// the second only where d + busy_l <= due_l, is the most that at most s of the courses l, l + 1, ...
// add once d days are gone (Lawler and Moore 1969, with a number of courses), and mu * money + F a
// bound. Forced courses are always taken, cost nothing and are not counted. Days are counted in
// units that keep the table small, busy and due rounded down: what is in time stays in time.
class Timeline {
  public:
    // `core` (m,) by rising due day; `forced` courses are in every set.
    Timeline(const Candidates& candidates, View core, View value, View forced, Int money,
             Int slots, bool several);

    Int busy(Int a) const { return line_[start_[a + 1] - 1].busy; }

    // What at most s courses from place a of the core on can be worth, `gone` days after the first
    // possible purchase, those of the forced courses aside.
    Int operator()(Int a, Int s, Int money, Int gone) const {
        const Int day = std::min(gone + before_[a], last_ + 1);
        Int bound = std::numeric_limits<Int>::max();
        for (std::size_t t = 0; t < mus_.size(); ++t)
            bound = std::min(bound, mus_[t] * money + tables_[t][cell(start_[a], s, day)]);
        return bound;
    }

  private:
    struct Course {
        Int due, item, worth, price, busy;
        bool forced;
    };

    std::size_t cell(Int l, Int s, Int day) const {
        return static_cast<std::size_t>((l * (slots_ + 1) + s) * (last_ + 2) + day);
    }
    Int day_after(const Course& course, Int day) const {
        return std::min(day + course.busy, last_ + 1);
    }
    Array table(Int mu) const;
    Sums best(Int mu) const;

    std::vector<Course> line_;  // core and forced courses by rising due day
    Array start_;   // (m + 1,) place in the line after the course of the core before each place
    Array before_;  // (m + 1,) days of the forced courses before it
    Int slots_, last_;  // after `last_` days no course may begin
    Array mus_;
    std::vector<Array> tables_;  // (l + 1, slots + 1, last + 2) F for each multiplier
};

}  // namespace saldopas::plan
