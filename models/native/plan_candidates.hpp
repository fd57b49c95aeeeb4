// Candidates of one plan and the rules of a set, as views.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace saldopas::plan {

using Int = std::int64_t;
using View = std::span<const Int>;
using Flags = std::span<const std::uint8_t>;
using Array = std::vector<Int>;

// n candidates in course order. A set that keeps the rules keeps them when a course is left out.
struct Candidates {
    View price;     // (n,) rupiah
    View category;  // (n,) index of `room`
    View clique;    // (n,) equal for near-duplicates of one category, -1 for none
    View busy;      // (n,) days from a purchase to the next possible purchase
    View due;       // (n,) days from the first possible purchase by which `busy` must end
    View room;      // (C,) most courses of each category
    Flags conflict;  // (n, n) near-duplicates, empty for none
    Flags earlier;   // (q, n) the free courses of the plans that were offered before
    View shared;     // (q,) how many courses of each earlier plan may come again
    bool capped;     // categories or cliques are limited
    bool timed;      // the days may forbid a set
    bool plain;      // price and number are the only rules

    Int size() const { return static_cast<Int>(price.size()); }
    bool conflicts(Int one, Int other) const {
        return !conflict.empty() && conflict[static_cast<std::size_t>(one * size() + other)] != 0;
    }
    bool is_earlier(std::size_t plan, Int item) const {
        return earlier[plan * price.size() + static_cast<std::size_t>(item)] != 0;
    }
    // Whether `item` may join `chosen`, an allowed set; the price aside.
    bool fits(Int item, View chosen) const { return plain || keeps_rules(item, chosen); }

  private:
    bool keeps_rules(Int item, View chosen) const;
    bool in_time(Int item, View chosen) const;
};

}  // namespace saldopas::plan
