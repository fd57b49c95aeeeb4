// The most valuable allowed set, with a proof: reduction, then branch and bound in int64.
#pragma once

#include "plan_candidates.hpp"

namespace saldopas::plan {

// Parts of the search that `Limits::without` switches off, to measure what each proves.
enum Layer : Int {
    EXCHANGE = 1,     // improving the first set by exchanges
    CORE = 2,         // leaving out courses by their reduced values
    MULTIPLIERS = 4,  // three multipliers of money in a bound
    TIMELINE = 8,     // the bound that knows the days exactly
    PAIRS = 16,       // the last four courses at once
    EXCHANGE_TWO = 64,  // exchanges of two courses
    QUICK = 32,       // a search by reduced values and sums of days before the thorough one
};

struct Limits {
    Int balance;      // rupiah
    Int max_courses;  // at least the number of forced courses
    Int steps;        // children that are looked at
    Int without = 0;  // sum of `Layer`
};

struct Found {
    Array items;  // forced courses first
    Int bound;    // no allowed set is worth more; the worth of `items` where that is proven
    Int steps;
};

// The set with the largest sum of values among the allowed sets that contain `forced`.
//
// `usable` (n,) are the candidates that may be chosen, `value` (n,) is at least 0 with sums below
// 2^61, and `forced` is an allowed set that the balance pays. Past the limit of steps the largest
// open bound is returned.
Found search(const Candidates& candidates, Flags usable, View value, View forced,
             const Limits& limits);

}  // namespace saldopas::plan
