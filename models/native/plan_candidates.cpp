#include "plan_candidates.hpp"

namespace saldopas::plan {

bool Candidates::keeps_rules(Int item, View chosen) const {
    if (capped) {
        const auto same = std::ranges::count_if(
            chosen, [&](Int other) { return category[other] == category[item]; });
        if (same >= room[category[item]]) return false;
    }
    if (!conflict.empty()) {
        for (const Int other : chosen)
            if (conflicts(item, other)) return false;
    }
    for (std::size_t q = 0; q < shared.size(); ++q) {
        if (!is_earlier(q, item)) continue;
        const auto taken =
            std::ranges::count_if(chosen, [&](Int other) { return is_earlier(q, other); });
        if (taken >= shared[q]) return false;
    }
    return !timed || in_time(item, chosen);
}

// One machine without release days: a set is in time if and only if the order by due day is
// (Jackson 1955): for every course x, the days of all courses due no later are at most due_x.
// `chosen` alone is in time, so only courses due no earlier than `item` are checked.
bool Candidates::in_time(Int item, View chosen) const {
    const auto checked = [&](Int x) {
        if (due[x] < due[item]) return true;
        Int days = busy[item];
        for (const Int y : chosen)
            if (due[y] <= due[x]) days += busy[y];
        return days <= due[x];
    };
    return checked(item) && std::ranges::all_of(chosen, checked);
}

}  // namespace saldopas::plan
