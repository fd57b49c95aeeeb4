// The best up to four courses for what is left, from two sorted pairs.
#pragma once

#include "plan_candidates.hpp"

namespace saldopas::plan {

constexpr Int LAST_COURSES = 4;

// All allowed pairs of a core, single courses and "no course", by rising price.
//
// Four courses are two of the pairs: for each pair, by rising price, a pointer falls to the dearest
// pair that the rest pays (Horowitz and Sahni 1974; the sums of pairs are those of Schroeppel and
// Shamir 1981). Of the pairs up to the pointer only those are looked at whose best value so far, a
// running maximum, still makes a better set. The pairs are made at the first call.
class LastCourses {
  public:
    struct Best {
        Int worth;     // `needed` where nothing is worth more
        Array places;  // in the core
        Int steps;     // more than `limit` if not all pairs were looked at
    };

    // `core` (m,) candidates with their `price` and `worth`; `money` is left before the core.
    LastCourses(const Candidates& candidates, View core, View price, View worth, Int money,
                View forced)
        : c_(candidates), core_(core), price_(price), worth_(worth), forced_(forced),
          money_(money) {}

    // The best `most` (at most 4) or fewer free courses that are worth more than `needed`.
    //
    // `free` (m + 1,) may be taken, the last is "no course"; they join `chosen` and cost `money`.
    Best best(Flags free, View chosen, Int money, Int needed, Int most, Int limit);

  private:
    struct Pair {
        Int price, worth;
        std::int32_t one, two;  // places in the core, one < two; m is "no course"
    };

    void make_pairs();
    Int size(const Pair& pair) const;
    bool are_apart(const Pair& one, const Pair& other) const;
    bool fit(const Pair& one, const Pair& other, View chosen) const;

    const Candidates& c_;
    View core_, price_, worth_, forced_;
    Int money_;
    std::vector<Pair> pairs_, kept_;
    Array top_;
};

}  // namespace saldopas::plan
