// Typed views of numpy arrays, the checks of what comes from Python, and new numpy arrays.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace saldopas {

namespace nb = nanobind;

template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Cube = nb::ndarray<const T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

// Raise ValueError in Python.
[[noreturn]] inline void refuse(const std::string& reason) { throw std::invalid_argument(reason); }

inline void require(bool holds, const std::string& reason) {
    if (!holds) refuse(reason);
}

template <class T>
std::span<const T> view(const Vector<T>& array) {
    return {array.data(), array.shape(0)};
}

// Rows of int32 values in CSR layout: row r is values[indptr[r]:indptr[r + 1]].
class Ragged {
  public:
    using Arrays = std::pair<Vector<int64_t>, Vector<int32_t>>;

    // `what` names the rows in an error. The arrays must outlive the view.
    Ragged(const Arrays& arrays, const char* what)
        : indptr_(view(arrays.first)), values_(view(arrays.second)) {
        bool rising = !indptr_.empty() && indptr_.front() == 0;
        for (size_t row = 1; row < indptr_.size(); row++)
            rising &= indptr_[row - 1] <= indptr_[row];
        if (!rising || indptr_.back() > static_cast<int64_t>(values_.size()))
            refuse(std::string(what) + ": the row pointer must rise from 0 to at most " +
                   std::to_string(values_.size()));
    }

    // Require every value to lie within [0, n_columns).
    void require_below(int64_t n_columns, const char* what) const {
        uint32_t largest = 0;  // a negative value is a large one
        for (int64_t at = 0; at < indptr_.back(); at++)
            largest = std::max(largest, static_cast<uint32_t>(values_[at]));
        if (indptr_.back() > 0 && largest >= static_cast<uint64_t>(n_columns))
            refuse(std::string(what) + ": an index lies outside of 0.." +
                   std::to_string(n_columns - 1));
    }

    size_t n_rows() const { return indptr_.size() - 1; }

    std::span<const int32_t> row(size_t row) const {
        return values_.subspan(indptr_[row], indptr_[row + 1] - indptr_[row]);
    }

    size_t longest() const {
        int64_t found = 0;
        for (size_t row = 0; row < n_rows(); row++)
            found = std::max(found, indptr_[row + 1] - indptr_[row]);
        return found;
    }

    std::span<const int64_t> indptr() const { return indptr_; }
    std::span<const int32_t> values() const { return values_; }

  private:
    std::span<const int64_t> indptr_;
    std::span<const int32_t> values_;
};

template <class T>
inline constexpr const char* DTYPE = nullptr;
template <>
inline constexpr const char* DTYPE<bool> = "bool";
template <>
inline constexpr const char* DTYPE<int8_t> = "int8";
template <>
inline constexpr const char* DTYPE<int64_t> = "int64";
template <>
inline constexpr const char* DTYPE<float> = "float32";

// A new array and where its values lie. numpy makes one in half the time of nanobind.
template <class T>
std::pair<nb::object, T*> new_array(nb::handle shape) {
    // Kept until the process ends: nothing is freed after the interpreter.
    static const auto* numpy = new nb::module_(nb::module_::import_("numpy"));
    static const auto* empty = new nb::object(numpy->attr("empty"));
    static const auto* dtype = new nb::object(numpy->attr("dtype")(DTYPE<T>));
    nb::object array = (*empty)(shape, *dtype);
    return {array, nb::cast<nb::ndarray<T, nb::c_contig, nb::device::cpu>>(array).data()};
}

template <class T>
std::pair<nb::object, T*> new_array(size_t size) {
    return new_array<T>(nb::int_(size));
}

template <class T>
std::pair<nb::object, T*> new_array(size_t n_rows, size_t n_columns) {
    return new_array<T>(nb::make_tuple(n_rows, n_columns));
}

}  // namespace saldopas
