#include "rules.hpp"

#include <algorithm>
#include <limits>

#include "vectorised.hpp"

namespace saldopas {
namespace {

// Ranks that a request reaches, and the ranks of each course.
struct Bounds {
    const int32_t *price, *from, *until, *age, *education;
    int32_t n_prices, n_started, n_ended, n_ages, n_educations;
};

VECTORISED void compare(const Bounds& rule, size_t size, uint8_t* allowed) {
    const auto [price, from, until, age, education, n_prices, n_started, n_ended, n_ages,
                n_educations] = rule;
    for (size_t item = 0; item < size; item++)
        allowed[item] = (price[item] < n_prices) & (from[item] < n_started) &
                        (until[item] >= n_ended) & (age[item] < n_ages) &
                        (education[item] < n_educations);
}

}  // namespace

CourseRules::Column::Column(std::span<const int64_t> numbers)
    : values(numbers.begin(), numbers.end()) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    ranks.reserve(numbers.size());
    for (int64_t number : numbers)
        ranks.push_back(
            static_cast<int32_t>(std::ranges::lower_bound(values, number) - values.begin()));
}

int32_t CourseRules::Column::n_at_most(int64_t limit) const {
    return static_cast<int32_t>(std::ranges::upper_bound(values, limit) - values.begin());
}

CourseRules::CourseRules(const std::array<Vector<int64_t>, 5>& columns)
    : price_rp_(columns[0].data(), columns[0].data() + columns[0].shape(0)),
      price_(view(columns[0])),
      from_(view(columns[1])),
      until_(view(columns[2])),
      age_(view(columns[3])),
      education_(view(columns[4])) {
    for (const auto& column : columns)
        require(column.shape(0) == n_items(), "every rule must have a number for each course");
    require(n_items() < static_cast<size_t>(std::numeric_limits<int32_t>::max()),
            "there are too many courses");
}

void CourseRules::allow(const Requests& requests, size_t row, uint8_t* allowed) const {
    const Terms& terms = requests.terms;
    const int64_t moment = terms.at(MOMENT, row);
    const int64_t before = moment == std::numeric_limits<int64_t>::min() ? moment : moment - 1;
    compare({.price = price_.ranks.data(),
             .from = from_.ranks.data(),
             .until = until_.ranks.data(),
             .age = age_.ranks.data(),
             .education = education_.ranks.data(),
             .n_prices = price_.n_at_most(terms.limit(row)),
             .n_started = from_.n_at_most(moment),
             .n_ended = until_.n_at_most(before),
             .n_ages = age_.n_at_most(terms.at(AGE, row)),
             .n_educations = education_.n_at_most(terms.at(EDUCATION, row))},
            n_items(), allowed);
    for (int32_t item : requests.owned.row(row)) allowed[item] = 0;
    for (int32_t item : requests.excluded.row(row)) allowed[item] = 0;
}

void CourseRules::require_fits(const Requests& requests) const {
    requests.owned.require_below(n_items(), "owned");
    requests.excluded.require_below(n_items(), "excluded");
}

BalanceLift::BalanceLift(const Vector<double>& edges, const Vector<float>& lift)
    : edges_(edges.data(), edges.data() + edges.shape(0)),
      lift_(lift.data(), lift.data() + lift.shape(0)) {
    require(lift_.size() == edges_.size() + 1, "there must be one lift more than edges");
    require(std::ranges::is_sorted(edges_), "edges must ascend");
    require(std::ranges::all_of(lift_, [](float one) { return one > 0; }),
            "lifts must be above 0");
}

void BalanceLift::apply(std::span<const int64_t> price_rp, int64_t balance_rp,
                        float* scores) const {
    for (size_t item = 0; item < price_rp.size(); item++) {
        size_t band = 0;
        while (band < edges_.size() && edges_[band] * balance_rp < price_rp[item]) band++;
        if (scores[item] > 0)
            scores[item] *= lift_[band];
        else
            scores[item] /= lift_[band];
    }
}

}  // namespace saldopas
